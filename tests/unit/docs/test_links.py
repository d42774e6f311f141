"""Links of the pages have a target, docs/README.md lists every page, and decisions are numbered without gaps."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

CHECKOUT = Path(__file__).parents[3]
DOCS = CHECKOUT / "docs"
PAGES = sorted(
    str(page.relative_to(CHECKOUT))
    for page in (*CHECKOUT.glob("*.md"), *DOCS.rglob("*.md"), *(CHECKOUT / "examples").glob("*/README.md"))
)
_LINK = re.compile(r"\]\((?!https?:)([^)#\s]*)(?:#([^)\s]+))?\)")


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


def test_the_index_lists_every_page() -> None:
    listed = {target for target, _ in links(DOCS / "README.md")}
    assert {*DOCS.rglob("*.md"), *DOCS.glob("*.json")} - {DOCS / "README.md"} <= listed


def test_decisions_are_numbered_without_a_gap() -> None:
    numbers = [page.name[:4] for page in sorted((DOCS / "decisions").glob("*.md"))]
    assert numbers == [f"{number:04}" for number in range(1, len(numbers) + 1)]
