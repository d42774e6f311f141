"""Members beside a message's text: some say that an answer must not be learnt, others are refused or warned of."""

from __future__ import annotations

import pytest

from tests.unit.datasets.records.test_conversations import ASSISTANT, SYSTEM, USER, errors
from tests.unit.datasets.records.test_fields import converted, findings
from tuner.settings import FieldNames

NOT_LEARNT = {"begin_offset": 0, "end_offset": 3, "train": False}
LEFT_OUT = [
    {"weight": 0}, {"weight": 0.0}, {"rejected": True}, {"is_correct": False}, {"label": False}, {"score": -1},
    {"train": False}, {"training": False}, {"loss": False}, {"loss_mask": 0}, {"train_detail": [NOT_LEARNT]},
]  # fmt: skip


@pytest.mark.parametrize("member", LEFT_OUT, ids=str)
def test_a_conversation_with_an_answer_that_must_not_be_learnt_is_left_out(member):
    checked, records = converted({"messages": [USER, ASSISTANT]}, {"messages": [USER, {**ASSISTANT, **member}]})
    assert (len(records), checked.fields.records_left_out) == (1, 1)
    [(_, line, field)] = findings(checked, "left-out")
    assert (line, field) == (2, f"messages[1].{next(iter(member))}")


LEARNT = [
    {"weight": 1}, {"weight": None}, {"name": "Ann"}, {"rejected": False}, {"train": True}, {"loss": 0.37},
    {"loss_mask": 1}, {"train_detail": [{**NOT_LEARNT, "train": True}]},
]  # fmt: skip


@pytest.mark.parametrize("member", LEARNT, ids=str)
def test_a_conversation_whose_members_say_nothing_against_it_is_used(member):
    _, records = converted({"messages": [USER, {**ASSISTANT, **member}]})
    assert records == [{"messages": [USER, ASSISTANT]}]


@pytest.mark.parametrize("member", [*LEFT_OUT, {"mood": "calm"}], ids=str)
def test_a_member_is_ignored_by_the_name_that_the_finding_gives(member):
    name = f"messages[].{next(iter(member))}"
    row = {"messages": [USER, {**ASSISTANT, **member}]}
    checked, _ = converted(row)
    if warning := next((found for found in checked.findings.kept if found.rule == "left-out"), None):
        assert f"--ignore-field '{name}'" in warning.remedy
    checked, records = converted(row, fields=FieldNames(ignore=(name,)))
    assert records == [{"messages": [USER, ASSISTANT]}]
    assert findings(checked, "left-out", "left-out-field", "graded") == []
    assert checked.fields.left_out == (name,)


def test_a_weight_between_is_refused():
    checked, _ = converted({"messages": [USER, {**ASSISTANT, "weight": 0.5}]})
    assert findings(checked, "graded") == [("graded", 1, "messages[1].weight")]


@pytest.mark.parametrize("member", [*LEFT_OUT, {"weight": 0.5}, {"rejected": False}], ids=str)
def test_a_member_that_selects_records_is_shown_as_used_for_that(member):
    checked, _ = converted({"messages": [USER, {**ASSISTANT, **member}]})
    assert checked.fields.fields["selection"] == f"messages[].{next(iter(member))}"
    assert checked.fields.left_out == ()
    assert findings(checked, "left-out-field") == []


REFUSED = [{"tool_calls": [{"id": "1"}]}, {"function_call": {"name": "f"}}, {"reasoning_content": "Pier 4 is deep."}]


@pytest.mark.parametrize("member", REFUSED, ids=str)
def test_a_member_that_is_refused_is_not_called_unknown_too(member):
    checked, _ = converted({"messages": [USER, {**ASSISTANT, **member}]})
    assert len(errors(checked)) == 1
    assert findings(checked, "left-out-field") == []


def test_a_member_of_an_unknown_name_is_warned_of():
    checked, _ = converted({"messages": [SYSTEM, USER, {**ASSISTANT, "mood": "calm"}]})
    assert findings(checked, "left-out-field") == [("left-out-field", None, "messages[].mood")]
