"""Tests of apply_gate: its result and its metrics."""

import json
from typing import Any

import pytest

from lambdas import apply_gate
from lambdas.step import Environment
from tests.doubles import RUN
from tests.lambda_context import CONTEXT
from tests.unit.evaluation.gate.test_apply_gate import FakeAws, a_run
from tests.unit.evaluation.gate.test_gate_rules import BETTER, WORSE
from tuner.aws.s3.run_folder import RunFolder


def applied(monkeypatch: pytest.MonkeyPatch, folder: RunFolder) -> dict[str, Any]:
    aws = FakeAws()
    for name, value in {"DEPLOYMENT": "{}", "DATA_BUCKET": "data", "ARTIFACTS_BUCKET": "artifacts"}.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setattr(Environment, "folder", lambda *_: folder)
    monkeypatch.setattr(apply_gate, "Bedrock", lambda: aws)
    monkeypatch.setattr(apply_gate, "put_event", aws.put)
    return apply_gate.handler({"run_id": RUN}, CONTEXT)


@pytest.mark.parametrize(("tuned", "counts"), [(BETTER, (1, 0, 0)), (WORSE, (0, 1, 0))])
def test_each_decision_has_a_metric(
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    tuned: list[float],
    counts: tuple[int, int, int],
) -> None:
    decision = applied(monkeypatch, a_run(tuned))["decision"]
    [line] = [line for line in capsys.readouterr().out.splitlines() if '"_aws"' in line]
    written = json.loads(line)
    assert written["_aws"]["CloudWatchMetrics"][0]["Namespace"] == "BedrockTuner"
    found = tuple(written[name][0] for name in ("GateAccepted", "GateRejected", "GateUndecided"))
    assert found == counts
    assert (decision, written["run_id"]) == ("accepted" if counts[0] else "rejected", RUN)


def test_a_run_without_a_gate_emits_no_metric(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert applied(monkeypatch, a_run(gate={})) == {"decision": "none"}
    assert "_aws" not in capsys.readouterr().out
