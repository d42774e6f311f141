"""docs/permission-proof.md, which end-to-end tests write, covers every permission."""

import re
from pathlib import Path

from stacks.permissions.page import every_role, example_arns
from tests.e2e.permissions.proof import ASKED, GRANTED, NOT_ASKED, sample
from tests.e2e.permissions.situations import NOT_ASKED_HERE, not_asked_here, situation_of

PAGE = Path(__file__).parents[3] / "docs" / "permission-proof.md"


def test_every_role_is_in_the_sample_once():
    roles = [permission.role for permission in sample()]
    assert sorted(roles) == sorted({permission.role for permission in GRANTED})
    assert len(roles) == len(list(every_role(example_arns())))


def test_every_reason_for_not_asking_is_used():
    for start in NOT_ASKED_HERE:
        assert any(permission.action.startswith(start) for permission in NOT_ASKED)


def test_the_page_lists_every_permission():
    rows = [[cell.strip(" `") for cell in line.strip("|").split("|")] for line in PAGE.read_text().splitlines()]
    listed = [tuple(row[:4]) for row in rows if len(row) >= 4 and re.match(r"\w+:\w+$", row[1])]
    shown = [(each.role, each.action, each.on, situation_of(each).words) for each in ASKED]
    assert listed == shown + [(each.role, each.action, each.on, not_asked_here(each)) for each in NOT_ASKED]
