"""Wraps the hand-written Markdown pages at 120 characters: `make docs`. A test requires it."""

from __future__ import annotations

import re
import textwrap
from collections.abc import Iterator
from itertools import groupby
from pathlib import Path

CHECKOUT = Path(__file__).parents[1]
WIDTH = 120
# Written by their own commands: docs/generate.py and the campaigns that render these two pages.
_GENERATED = re.compile(r"<!-- Generated|<!-- Written by")
_OTHER_COMMANDS = {"docs/chaos.md", "docs/permission-proof.md"}

_FENCE = re.compile(r" *(```|~~~)")
# Lines with a meaning of their own: tables, headings, HTML, rules.
_VERBATIM = re.compile(r"\||#|<|---$")
_ITEM = re.compile(r"( *)([-*+]|\d+\.) +")
_QUOTE = re.compile(r"( *)> ")
_CODE_SPAN = re.compile(r"`[^`]+`")
# A line must not begin with such a word: Markdown would take it for a list item or a heading.
_BEFORE_MARKER = re.compile(r" (?=(?:[-*+>]|#+|\d+\.)(?: |$))")
_KEPT_SPACE = "\x00"


def pages() -> list[Path]:
    """The hand-written pages of the project."""
    found = [*CHECKOUT.glob("*.md"), *(CHECKOUT / "docs").rglob("*.md")]
    found += [*(CHECKOUT / "examples").glob("*/README.md"), *(CHECKOUT / "tests").rglob("README.md")]
    return sorted(page for page in found if not _is_generated(page))


def wrapped(text: str) -> str:
    """The page with every paragraph and list item filled to the width. Code, tables and headings stay as they are."""
    return "".join(f"{line}\n" for line in _wrapped_lines(text.splitlines()))


def main() -> None:
    """Wraps the pages in place."""
    for page in pages():
        text = page.read_text("utf-8")
        if wrapped(text) != text:
            page.write_text(wrapped(text), "utf-8")


def _is_generated(page: Path) -> bool:
    named = page.relative_to(CHECKOUT).as_posix() in _OTHER_COMMANDS
    return named or bool(_GENERATED.match(page.read_text("utf-8")))


def _wrapped_lines(lines: list[str]) -> Iterator[str]:
    for is_text, group in groupby(_marked(lines), key=lambda entry: entry[1]):
        entries = [line for line, _ in group]
        for block in _blocks(entries) if is_text else ():
            yield from _fill(block)
        if not is_text:
            yield from entries


def _blocks(lines: list[str]) -> Iterator[list[str]]:
    """Lines of text that belong together: a paragraph, a list item or a quotation."""
    block: list[str] = []
    for line in lines:
        if block and (_ITEM.match(line) or _QUOTE.match(line)):
            yield block
            block = []
        block.append(line)
    yield block


def _marked(lines: list[str]) -> Iterator[tuple[str, bool]]:
    """Each line, and whether it is text that may be wrapped."""
    in_fence = indented = False
    blank_before = True
    for line in lines:
        fence = _FENCE.match(line)
        # Four blanks begin a code block after an empty line; elsewhere they continue a list item.
        indented = line.startswith("    ") and not _ITEM.match(line) and (blank_before or indented)
        yield line, bool(line.strip()) and not (in_fence or fence or indented or _VERBATIM.match(line.lstrip()))
        in_fence = in_fence != bool(fence)
        blank_before = not line.strip()


def _fill(block: list[str]) -> list[str]:
    prefix = _ITEM.match(block[0]) or _QUOTE.match(block[0]) or re.match(" *", block[0])
    first = prefix[0] if prefix else ""
    rest = first if first.strip() == ">" else " " * len(first)
    text = " ".join([block[0][len(first) :].strip(), *(line.strip() for line in block[1:])])
    text = _CODE_SPAN.sub(lambda span: span[0].replace(" ", _KEPT_SPACE), text)
    text = _BEFORE_MARKER.sub(_KEPT_SPACE, text)
    filled = textwrap.wrap(
        text, WIDTH, initial_indent=first, subsequent_indent=rest, break_long_words=False, break_on_hyphens=False
    )
    return [line.replace(_KEPT_SPACE, " ") for line in filled]


if __name__ == "__main__":
    main()
