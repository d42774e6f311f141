"""Links of the pages, and names of files in the code, have a target. docs/README.md lists every page."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.unit.architecture.import_graph import PACKAGES

CHECKOUT = Path(__file__).parents[3]
DOCS = CHECKOUT / "docs"
PAGES = sorted(
    str(page.relative_to(CHECKOUT))
    for page in (*CHECKOUT.glob("*.md"), *DOCS.rglob("*.md"), *(CHECKOUT / "examples").glob("*/README.md"))
)
SOURCES = sorted(
    path
    for folder in (*PACKAGES, "docs", "benchmarks")
    for ending in ("py", "yaml", "json", "j2")
    for path in (CHECKOUT / folder).rglob(f"*.{ending}")
)
_LINK = re.compile(r"\]\((?!https?:)([^)#\s]*)(?:#([^)\s]+))?\)")

# A file of the project in a comment, a docstring or a message, such as "see tuner/costs/meter.py".
_FILE = re.compile(rf"(?<![\w/.<-])((?:{'|'.join((*PACKAGES, 'docs', 'tests'))})/[\w/.-]*\w\.(?:py|md|json|yaml|j2))\b")


def links(page: Path) -> list[tuple[Path, str]]:
    """The targets of the page's links: a file or folder, and the anchor of a heading, which may be empty."""
    return [
        ((page.parent / target).resolve() if target else page, anchor)
        for target, anchor in _LINK.findall(page.read_text("utf-8"))
    ]


def anchors(page: Path) -> set[str]:
    """The anchors that Git hosts make for the headings."""
    headings = re.findall(r"^#+ (.+)$", page.read_text("utf-8"), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


@pytest.mark.parametrize("name", PAGES)
def test_every_link_has_a_target(name: str) -> None:
    for target, anchor in links(CHECKOUT / name):
        assert target.exists(), f"{name} links to {target}"
        assert not anchor or anchor in anchors(target), f"{name} links to {target}#{anchor}"


def missing_files(text: str) -> list[str]:
    """The files of the project that a text names and that do not exist."""
    return [name for name in _FILE.findall(text) if not (CHECKOUT / name).exists()]


def test_every_file_that_the_code_names_exists() -> None:
    missing = {str(path.relative_to(CHECKOUT)): missing_files(path.read_text("utf-8")) for path in SOURCES}
    assert {path: names for path, names in missing.items() if names} == {}


def test_a_file_that_was_renamed_is_found() -> None:
    assert missing_files("See tuner/costs/batch.py, and docs/README.md.") == ["tuner/costs/batch.py"]


def test_the_index_lists_every_page() -> None:
    listed = {target for target, _ in links(DOCS / "README.md")}
    assert {*DOCS.rglob("*.md"), *DOCS.glob("*.json")} - {DOCS / "README.md"} <= listed


def test_decisions_are_numbered_without_a_gap() -> None:
    numbers = [page.name[:4] for page in sorted((DOCS / "decisions").glob("*.md"))]
    assert numbers == [f"{number:04}" for number in range(1, len(numbers) + 1)]
