"""Summaries of runs, and the index of all of them."""

import json

import pytest

from tests.unit.reporting.conftest import AT, FolderOf
from tests.unit.reporting.sample import RUN, artifacts
from tuner.artifacts.report.run_summary import RunSummary
from tuner.aws.s3.run_folder import RunFolder
from tuner.aws.s3.run_index import RunIndex
from tuner.aws.s3.run_summaries import add_run_summary, run_summaries
from tuner.core.artifact_keys import Keys
from tuner.core.errors import RetryableError
from tuner.reporting import Report, build, publish
from tuner.reporting.collect.run_summary import run_summary

SIBLING = "bedrock-faq-ba9876543210"


def other(report: Report, run_id: str, **changes: object) -> bytes:
    document = json.loads(run_summary(report).model_dump_json()) | {"run_id": run_id} | changes
    return json.dumps(document).encode()


def test_summaries_are_newest_first_and_only_of_ended_runs(folder_of: FolderOf, report: Report) -> None:
    folder = folder_of(artifacts())
    publish(folder, report)
    folder.sibling(SIBLING).write(Keys.REPORT_CARD, other(report, SIBLING, ended_at="2026-11-24T00:00:00Z"))
    folder.sibling("running-0123456789ab").write(Keys.MANIFEST, b"{}")
    assert [entry.run_id for entry in run_summaries(folder)] == [SIBLING, RUN]


def test_the_summary_has_the_values_of_the_report(folder_of: FolderOf) -> None:
    report = build(folder_of(artifacts()), at=AT)
    made = run_summary(report)
    assert RunSummary.model_validate_json(made.model_dump_json()) == made
    assert (made.dataset, made.questions, made.verdict.value) == ("bedrock-faq", 8, "better")
    assert made.scores["correctness"].base == 2.0


def entered(folder: RunFolder, report: Report, count: int) -> None:
    """Runs that ended before: their summaries, and the index of them."""
    for at in range(count):
        run = f"bedrock-faq-{at:012x}"
        folder.sibling(run).write(Keys.REPORT_CARD, other(report, run))
    add_run_summary(folder, run_summary(report))


def test_one_more_run_reads_the_index_and_no_other_summary(folder_of: FolderOf, report: Report) -> None:
    folder = folder_of(artifacts())
    entered(folder, report, 40)
    folder._s3.requests.clear()
    late = folder.sibling("late-0123456789ab")
    assert len(add_run_summary(late, run_summary(report).model_copy(update={"run_id": late.run_id}))) == 42
    assert [name for name in folder._s3.requests if name.startswith("get")] == ["get runs/index.json"]


def test_a_changed_summary_replaces_the_one_in_the_index(folder_of: FolderOf, report: Report) -> None:
    folder = folder_of(artifacts())
    entered(folder, report, 2)
    changed = run_summary(report).model_copy(update={"questions": 99})
    assert {entry.questions for entry in add_run_summary(folder, changed) if entry.run_id == RUN} == {99}
    assert {entry.questions for entry in run_summaries(folder) if entry.run_id == RUN} == {99}


def test_a_summary_that_another_run_added_meanwhile_is_kept(
    folder_of: FolderOf, report: Report, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = folder_of(artifacts())
    write, meanwhile = RunIndex.write_index, run_summary(report).model_copy(update={"run_id": SIBLING, "questions": 7})

    def overtaken(self: RunIndex, data: bytes, version: str | None) -> bool:
        monkeypatch.setattr(RunIndex, "write_index", write)
        folder.sibling(SIBLING).write(Keys.REPORT_CARD, meanwhile.model_dump_json().encode())
        add_run_summary(folder.sibling(SIBLING), meanwhile)
        return self.write_index(data, version)

    monkeypatch.setattr(RunIndex, "write_index", overtaken)
    assert {entry.run_id for entry in add_run_summary(folder, run_summary(report))} == {RUN, SIBLING}


def test_an_index_that_always_changes_raises_a_retryable_error(
    folder_of: FolderOf, report: Report, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(RunIndex, "write_index", lambda *_: False)
    with pytest.raises(RetryableError, match="20 times"):
        add_run_summary(folder_of(artifacts()), run_summary(report))


@pytest.mark.parametrize("broken", [b"", b"[]", b'{"a": {"run_id": 5}}', b"not json"])
def test_an_index_of_another_form_is_built_again(folder_of: FolderOf, report: Report, broken: bytes) -> None:
    folder = folder_of(artifacts())
    entered(folder, report, 3)
    folder.write(Keys.REPORT_CARD, run_summary(report).model_dump_json().encode())
    folder._s3.objects[Keys.INDEX] = broken
    assert len(run_summaries(folder)) == 4
    assert len(add_run_summary(folder, run_summary(report))) == 4
    assert json.loads(folder._s3.objects[Keys.INDEX])[RUN]["questions"] == 8


def test_a_run_without_a_folder_is_removed_from_the_index(folder_of: FolderOf, report: Report) -> None:
    folder = folder_of(artifacts())
    entered(folder, report, 2)
    gone = "bedrock-faq-000000000001"
    for key in [key for key in folder._s3.objects if gone in key]:
        del folder._s3.objects[key]
    assert gone not in {entry.run_id for entry in run_summaries(folder)}
