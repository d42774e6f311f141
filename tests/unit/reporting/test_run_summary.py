"""Cards of runs, and the index that makes reading all of them cheap."""

import json

import pytest

from tests.unit.reporting.conftest import AT, FolderOf
from tests.unit.reporting.sample import RUN, artifacts
from tuner.aws.s3.run_folder import RunFolder
from tuner.aws.s3.run_index import Overview
from tuner.core.artifact_keys import Keys
from tuner.core.errors import RetryableError
from tuner.reporting import Report, build, publish
from tuner.reporting.collect.run_summary import Card, card, cards, enter

SIBLING = "bedrock-faq-ba9876543210"


def other(report: Report, run_id: str, **changes: object) -> bytes:
    document = json.loads(card(report).model_dump_json()) | {"run_id": run_id} | changes
    return json.dumps(document).encode()


def test_cards_come_newest_first_and_only_of_runs_that_ended(folder_of: FolderOf, report: Report) -> None:
    folder = folder_of(artifacts())
    publish(folder, report)
    folder.beside(SIBLING).write(Keys.REPORT_CARD, other(report, SIBLING, ended_at="2026-11-24T00:00:00Z"))
    folder.beside("running-0123456789ab").write(Keys.MANIFEST, b"{}")
    assert [entry.run_id for entry in cards(folder)] == [SIBLING, RUN]


def test_a_card_says_what_the_report_says(folder_of: FolderOf) -> None:
    report = build(folder_of(artifacts()), at=AT)
    made = card(report)
    assert Card.model_validate_json(made.model_dump_json()) == made
    assert (made.dataset, made.questions, made.verdict.value) == ("bedrock-faq", 8, "better")
    assert made.scores["correctness"].base == 2.0


def entered(folder: RunFolder, report: Report, count: int) -> None:
    """Runs that ended before: their cards, and the index of them."""
    for at in range(count):
        run = f"bedrock-faq-{at:012x}"
        folder.beside(run).write(Keys.REPORT_CARD, other(report, run))
    enter(folder, card(report))


def test_one_more_run_reads_the_index_and_no_other_card(folder_of: FolderOf, report: Report) -> None:
    folder = folder_of(artifacts())
    entered(folder, report, 40)
    folder._s3.requests.clear()
    late = folder.beside("late-0123456789ab")
    assert len(enter(late, card(report).model_copy(update={"run_id": late.run_id}))) == 42
    assert [name for name in folder._s3.requests if name.startswith("get")] == ["get runs/index.json"]


def test_a_card_that_changed_is_entered_anew(folder_of: FolderOf, report: Report) -> None:
    folder = folder_of(artifacts())
    entered(folder, report, 2)
    changed = card(report).model_copy(update={"questions": 99})
    assert {entry.questions for entry in enter(folder, changed) if entry.run_id == RUN} == {99}
    assert {entry.questions for entry in cards(folder) if entry.run_id == RUN} == {99}


def test_a_card_entered_meanwhile_by_another_run_stays(
    folder_of: FolderOf, report: Report, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = folder_of(artifacts())
    write, meanwhile = Overview.write_index, card(report).model_copy(update={"run_id": SIBLING, "questions": 7})

    def overtaken(self: Overview, data: bytes, version: str | None) -> bool:
        monkeypatch.setattr(Overview, "write_index", write)
        folder.beside(SIBLING).write(Keys.REPORT_CARD, meanwhile.model_dump_json().encode())
        enter(folder.beside(SIBLING), meanwhile)
        return self.write_index(data, version)

    monkeypatch.setattr(Overview, "write_index", overtaken)
    assert {entry.run_id for entry in enter(folder, card(report))} == {RUN, SIBLING}


def test_an_index_that_always_changes_is_tried_again_by_the_state_machine(
    folder_of: FolderOf, report: Report, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Overview, "write_index", lambda *_: False)
    with pytest.raises(RetryableError, match="20 times"):
        enter(folder_of(artifacts()), card(report))


@pytest.mark.parametrize("broken", [b"", b"[]", b'{"a": {"run_id": 5}}', b"not json"])
def test_an_index_of_another_shape_is_made_anew(folder_of: FolderOf, report: Report, broken: bytes) -> None:
    folder = folder_of(artifacts())
    entered(folder, report, 3)
    folder.write(Keys.REPORT_CARD, card(report).model_dump_json().encode())
    folder._s3.objects[Keys.INDEX] = broken
    assert len(cards(folder)) == 4
    assert len(enter(folder, card(report))) == 4
    assert json.loads(folder._s3.objects[Keys.INDEX])[RUN]["questions"] == 8


def test_a_run_whose_folder_is_gone_leaves_the_index(folder_of: FolderOf, report: Report) -> None:
    folder = folder_of(artifacts())
    entered(folder, report, 2)
    gone = "bedrock-faq-000000000001"
    for key in [key for key in folder._s3.objects if gone in key]:
        del folder._s3.objects[key]
    assert gone not in {entry.run_id for entry in cards(folder)}
