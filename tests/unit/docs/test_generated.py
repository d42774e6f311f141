"""The generated pages are up to date with the code."""

import pytest

from docs.generate import DOCS, NOTICE, PAGES, settings_page


@pytest.mark.parametrize("name", sorted(PAGES))
def test_the_page_is_up_to_date(name: str) -> None:
    assert (DOCS / name).read_text("utf-8") == NOTICE + PAGES[name](), "run `make docs` and commit the result"


@pytest.mark.parametrize("line", [line for line in settings_page().splitlines() if line.startswith("| `")])
def test_every_setting_has_a_description(line: str) -> None:
    assert line.split("|")[4].strip()
