"""The hand-written pages are wrapped at one width."""

import pytest

from docs.wrap import CHECKOUT, WIDTH, pages, wrapped

LONG = " ".join(["word"] * 60)


@pytest.mark.parametrize("page", pages(), ids=lambda page: str(page.relative_to(CHECKOUT)))
def test_the_page_is_wrapped(page) -> None:
    text = page.read_text("utf-8")
    assert text == wrapped(text), "run `make docs` and commit the result"


def test_a_paragraph_is_filled_to_the_width() -> None:
    first, *rest = wrapped(f"{LONG}\n").splitlines()
    assert len(first) <= WIDTH < len(f"{first} word")
    assert wrapped("two\nshort lines\n") == "two short lines\n"
    assert " ".join([first, *rest]) == LONG


def test_a_list_item_keeps_its_indent() -> None:
    lines = wrapped(f"- {LONG}\n- next\n").splitlines()
    assert lines[1].startswith("  word")
    assert lines[-1] == "- next"


@pytest.mark.parametrize(
    "text", [f"| {LONG} |\n", f"```\n{LONG}\n\nx\ny\n```\n", f"text\n\n    {LONG}\n    more code\n", f"# {LONG}\n"]
)
def test_tables_code_and_headings_stay_as_they_are(text: str) -> None:
    assert wrapped(text) == text


def test_a_code_span_is_not_broken() -> None:
    span = "`cdk deploy -c notification_emails=you@example.org`"
    assert span in wrapped(f"{'word ' * 20}{span} {LONG}\n")


def test_no_line_begins_with_what_would_be_a_list_marker() -> None:
    for words in range(15, 30):
        text = f"{'word ' * words}- 7. # {LONG}\n"
        assert not any(line.startswith(("- ", "7. ", "# ")) for line in wrapped(text).splitlines()[1:])
