"""docs/permission-proof.md, which end-to-end tests write, covers every permission."""

import re
from pathlib import Path

from stacks.permissions.permissions_page import every_role, example_arns
from tests.e2e.permissions.proof import CHECKED, GRANTED, NOT_CHECKED
from tests.e2e.permissions.scenario_of_permission import NOT_CHECKED_LOCALLY, scenario_of, unchecked_reason

PAGE = Path(__file__).parents[3] / "docs" / "permission-proof.md"


def test_a_permission_of_every_role_is_taken_away():
    roles = {permission.role for permission in CHECKED}
    assert roles == {permission.role for permission in GRANTED}
    assert len(roles) == len(list(every_role(example_arns())))


def test_every_reason_for_an_unchecked_permission_is_used():
    for start in NOT_CHECKED_LOCALLY:
        assert any(permission.action.startswith(start) for permission in NOT_CHECKED)


def test_the_page_lists_every_permission():
    rows = [[cell.strip(" `") for cell in line.strip("|").split("|")] for line in PAGE.read_text().splitlines()]
    listed = [tuple(row[:4]) for row in rows if len(row) >= 4 and re.match(r"\w+:\w+$", row[1])]
    shown = [(each.role, each.action, each.on, scenario_of(each).description) for each in CHECKED]
    assert listed == shown + [(each.role, each.action, each.on, unchecked_reason(each)) for each in NOT_CHECKED]
