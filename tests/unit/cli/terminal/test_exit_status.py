"""Every command ends with the status that the table in docs/cli.md says."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.unit.cli.fake_aws import Execution, FakeAws, Tuner
from tests.unit.cli.histories import TO_THE_END, History
from tests.unit.cli.samples import failed, report
from tuner.cli.cli_page import cli_page
from tuner.cli.terminal.exit_status import MEANINGS, ExitStatus
from tuner.core.artifact_keys import Keys


def gate(decision: str) -> dict[str, Any]:
    return {"decision": decision, "sentence": f"{decision.capitalize()}: correctness is 5."}


@pytest.mark.slow
@pytest.mark.parametrize(
    ("decision", "status"), [("accepted", 0), ("none", 0), (None, 0), ("rejected", 3), ("undecided", 4)]
)
def test_a_run_that_succeeded_ends_with_the_status_of_its_gate(
    tuner: Tuner, aws: FakeAws, folder: Path, decision: str | None, status: int
) -> None:
    assert tuner("run", str(folder), "--no-watch").status == 0
    (name,) = aws.executions
    aws.put(name, Keys.REPORT, report(name, gate=decision and gate(decision)))
    for command in (("run", str(folder)), ("run", str(folder), "--wait-for", "gate"), ("watch", name)):
        assert tuner(*command).status == status, command
    # Showing a result succeeds, whatever the result is.
    assert tuner("show", name).status == 0


@pytest.mark.slow
@pytest.mark.parametrize(("ended", "status"), [("FAILED", 1), ("TIMED_OUT", 1), ("ABORTED", 5)])
def test_a_run_that_did_not_succeed(tuner: Tuner, aws: FakeAws, folder: Path, ended: str, status: int) -> None:
    tuner("run", str(folder), "--wait-for", "start")
    (name,) = aws.executions
    aws.add(failed(name))
    aws.executions[name].status = ended
    for command in (("run", str(folder)), ("run", str(folder), "--wait-for", "gate"), ("watch", name)):
        assert tuner(*command).status == status, command


@pytest.mark.parametrize(("decision", "status"), [("accepted", 0), ("rejected", 3), ("undecided", 4)])
def test_waiting_for_the_gate_ends_at_its_decision(tuner: Tuner, aws: FakeAws, decision: str, status: int) -> None:
    before = TO_THE_END[: TO_THE_END.index("Apply the gate") + 1]
    aws.add(Execution("faq-1", "RUNNING", history=History().went(*before).is_in("Write the report")))
    document = {
        **gate(decision),
        "schema_version": 1,
        "id": "1",
        "run_id": "faq-1",
        "dataset": "faq",
        "base_model": "m",
        "custom_model_arn": None,
        "verdict": {"value": "better", "metric": "rouge_l", "sentence": "Better."},
        "people": False,
        "report": "s3://b/r",
        "scores": "s3://b/s",
        "scores_sha256": "0",
    }
    aws.put("faq-1", Keys.GATE, document)
    outcome = tuner("watch", "faq-1", "--wait-for", "gate")
    assert (outcome.status, f"Gate: {decision.capitalize()}" in outcome.err) == (status, True)
    assert "The run writes its report next" in outcome.err


@pytest.mark.parametrize(
    "call",
    [
        ["throughput", "release"],
        ["throughput", "release", "arn", "--all"],
        ["models", "delete"],
        ["models", "delete", "faq-1", "--all"],
        ["compare", "faq-1"],
        ["compare"],
        ["doctor", "-c", "region"],
        ["run", "nowhere"],
        ["run", __file__],
        ["run", str(Path(__file__).parent)],
        ["run", ".", "--settings", "nowhere.yaml"],
        ["run", "{folder}", "--dataset", "a/b"],
        ["run", "{folder}", "--wait-for", "ever"],
        ["estimate", "nowhere"],
        ["estimate", "{folder}", "--settings", "nowhere.yaml"],
        ["data", "check", "nowhere"],
        ["data", "convert", __file__],
        ["data", "split", "nowhere", "--output", "."],
        ["data", "generate", "nowhere", "--output", "out.jsonl"],
        ["evaluate", "--base", "nowhere", "--tuned", __file__, "--references", __file__],
        ["evaluate", "--base", __file__, "--tuned", __file__, "--references", "nowhere"],
        ["evaluate", "--base", __file__, "--tuned", __file__, "--references", __file__, "--settings", "nowhere"],
        ["review", "import", "faq-1", "nowhere.csv"],
        ["review", "export"],
        ["approve"],
        ["stop"],
        ["runs", "--limit", "0"],
        ["show", "--unknown"],
        ["local", "up", "--engine", "huge"],
        ["unknown"],
    ],
    ids=" ".join,
)
def test_a_wrong_call(
    tuner: Tuner, folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, call: list[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    outcome = tuner(*(word.format(folder=folder) for word in call))
    assert outcome.status == 2, outcome.err
    assert outcome.out == ""


@pytest.mark.parametrize("call", [["show", "faq-9"], ["report", "faq-9"], ["runs", "--stack", "Other"]], ids=" ".join)
def test_a_command_that_failed(tuner: Tuner, call: list[str]) -> None:
    assert tuner(*call).status == 1


def test_the_table_has_every_status() -> None:
    assert set(MEANINGS) == set(ExitStatus)
    page = cli_page()
    for status in ExitStatus:
        assert f"\n| {status.value} | {MEANINGS[status]} |\n" in page
