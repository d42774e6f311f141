"""Repeats steps of a saved run and returns what they write and say, as text.

Only interfaces are used here: the functions' handlers, the artifacts' keys and the command line. Names inside `tuner`
can change without a change here. The one exception is the fingerprint of the graded shards (`_keep_grades`).
"""

from __future__ import annotations

import io
import json
import os
import re
from collections.abc import Callable, Iterator, Mapping
from contextlib import redirect_stderr, redirect_stdout
from pathlib import Path
from typing import Any

import pytest

# Powertools reads these when a handler's module is imported.
os.environ.update(
    POWERTOOLS_SERVICE_NAME="tuner",
    POWERTOOLS_METRICS_NAMESPACE="BedrockTuner",
    POWERTOOLS_TRACE_DISABLED="true",
    POWERTOOLS_LOG_LEVEL="CRITICAL",
)

from lambdas import apply_gate, close_run, estimate_cost, notify, score_answers, validate, write_report
from tests.characterization.cloud import Cloud, SavedRun, cloud_of
from tests.lambda_context import CONTEXT
from tuner.cli import main
from tuner.evaluation.grading.shards import Shards

EXPECTED = Path(__file__).parent / "expected"
_NOT_TEXT = re.compile(r"<(script|style)\b.*?</\1>", re.DOTALL)
_TAG = re.compile(r"<[^>]*>")

# A run that has its report pays for nothing more, so steps that can pay refuse to be repeated.
_REPORT = "report/"

Expected = Mapping[str, str]


def validation(cloud: Cloud, patch: pytest.MonkeyPatch) -> Expected:
    """What the dataset's findings lead to: the number of warnings, or the error that ends the run."""
    try:
        said = _text(validate.handler({"run_id": cloud.run.run_id}, CONTEXT))
    except Exception as error:  # every error ends the run with its class name and its message
        said = f"{type(error).__name__}: {error}\n"
    return {"validation.txt": said}


def estimate(cloud: Cloud, patch: pytest.MonkeyPatch) -> Expected:
    """estimate.json from the dataset's summary and the evaluation questions, at the prices of that day."""
    cloud.at("estimate.json", patch)
    cloud.remove("estimate.json", _REPORT)
    returned = estimate_cost.handler({"run_id": cloud.run.run_id}, CONTEXT)
    return {"estimate.json": _document(cloud.read("estimate.json")), "estimate.returned.json": _text(returned)}


def scores(cloud: Cloud, patch: pytest.MonkeyPatch) -> Expected:
    """scores.json and review.csv from the graded shards. Neither the judge nor the encoder is asked."""
    cloud.at("scores/scores.json", patch)
    cloud.remove("scores/scores.json", "scores/review.csv", _REPORT)
    fingerprints = _keep_grades(cloud, patch)
    score_answers.handler({"run_id": cloud.run.run_id}, CONTEXT)
    return {
        "grades.fingerprint.txt": "".join(f"{each}\n" for each in dict.fromkeys(fingerprints)),
        "scores.json": _document(cloud.read("scores/scores.json")),
        "review.csv": cloud.read("scores/review.csv").decode("utf-8-sig"),
    }


def _keep_grades(cloud: Cloud, patch: pytest.MonkeyPatch) -> list[str]:
    """Uses the saved grades, though another version made them: each run has one shard.

    Returns, after the step, the fingerprints that the current version computes, but for the code's own hash: a change
    in what else they cover is noticed.
    """
    saved, computed = json.loads(cloud.read("scores/shards/00000.json"))["fingerprint"], list[str]()
    original = Shards._fingerprint

    def fingerprint(shards: Shards, *given: Any) -> str:
        computed.append(original(shards, *given))
        return str(saved)

    patch.setattr("tuner.evaluation.grading.shards.grading_definition", lambda: "")
    patch.setattr(Shards, "_fingerprint", fingerprint)
    return computed


def grades(cloud: Cloud, patch: pytest.MonkeyPatch) -> Expected:
    """scores.json when every answer is graded again: the judge's grades are in the run's folder."""
    cloud.at("scores/scores.json", patch)
    cloud.remove("scores/scores.json", "scores/review.csv", "scores/shards/", _REPORT)
    score_answers.handler({"run_id": cloud.run.run_id}, CONTEXT)
    return {"scores.graded-again.json": _document(cloud.read("scores/scores.json"))}


def gate(cloud: Cloud, patch: pytest.MonkeyPatch) -> Expected:
    """gate.json, the model's tags and the event for whoever deploys next."""
    cloud.at("scores/gate.json", patch)
    cloud.remove("scores/gate.json")
    apply_gate.handler({"run_id": cloud.run.run_id}, CONTEXT)
    events = [
        {**entry, "Detail": json.loads(entry["Detail"])}
        for call in cloud.called("PutEvents")
        for entry in call["Entries"]
    ]
    return {
        "gate.json": _document(cloud.read("scores/gate.json")),
        "gate.tags.json": _text(cloud.called("TagResource")),
        "gate.events.json": _text(events),
    }


def report(cloud: Cloud, patch: pytest.MonkeyPatch) -> Expected:
    """report.json, the page's text, the failure that the execution ends with, and the notification."""
    cloud.at("report/report.json", patch)
    cloud.remove("report/")
    with redirect_stdout(io.StringIO()) as log:
        if cloud.run.execution["status"] == "ABORTED":
            returned = _close(cloud)
        else:
            returned = write_report.handler({"run_id": cloud.run.run_id, "failure": cloud.run.caught}, CONTEXT)
            notify.handler({"run_id": cloud.run.run_id}, CONTEXT)
    (message,) = cloud.called("Publish")
    return {
        "report.json": _document(cloud.read("report/report.json")),
        "report.returned.json": _text(returned),
        "card.json": _document(cloud.read("report/card.json")),
        "page.txt": page_text(cloud.read("report/index.html").decode()),
        "metrics.json": _text(list(_metrics(log.getvalue()))),
        "notification.json": _text({key: message[key] for key in ("Subject", "MessageAttributes")}),
        "notification.txt": message["Message"],
    }


def _metrics(log: str) -> Iterator[Mapping[str, Any]]:
    """The values of a function's metrics, which CloudWatch reads from its log."""
    for line in log.splitlines():
        if '"_aws"' in line:
            yield {key: value for key, value in json.loads(line).items() if key != "_aws"}


def _close(cloud: Cloud) -> Mapping[str, Any]:
    """The rule's function reports a run that was stopped."""
    cloud.status = cloud.run.execution["status"]
    detail = {"executionArn": cloud.run.arn, "name": cloud.run.run_id, "status": cloud.status}
    result: Mapping[str, Any] = close_run.handler({"detail": detail}, CONTEXT)
    return result


def show(cloud: Cloud, patch: pytest.MonkeyPatch) -> Expected:
    """What `tuner show` prints about a run that Step Functions has forgotten."""
    cloud.status = "FORGOTTEN"
    cloud.at("report/report.json", patch)
    return {"show.txt": _printed("show", cloud.run.run_id)}


def _printed(*arguments: str) -> str:
    seen = io.StringIO()
    with redirect_stdout(seen), redirect_stderr(seen), pytest.raises(SystemExit):
        main(arguments)
    return "".join(line.rstrip() + "\n" for line in seen.getvalue().splitlines())


def whole(cloud: Cloud, patch: pytest.MonkeyPatch) -> Expected:
    """report.json of a run whose estimate, scores and gate are this version's too."""
    derived = {"estimate.json": estimate, "scores/scores.json": scores, "scores/gate.json": gate}
    saved_gate = json.loads(cloud.read("scores/gate.json")) if cloud.run.has("scores/gate.json") else {}
    for artifact, step in derived.items():
        if cloud.run.has(artifact):
            step(cloud, patch)
    found = json.loads(report(cloud, patch)["report.json"])
    if found["gate"]:
        # The hash is that of the bytes of scores.json, and the order of its members is of no importance.
        found["gate"] |= {name: saved_gate[name] for name in ("id", "scores_sha256")}
    return {"report.derived.json": _text(found)}


Step = Callable[[Cloud, pytest.MonkeyPatch], Expected]
# By the artifact that a run must have written for the step to be repeated.
STEPS: Mapping[str, tuple[Step, str]] = {
    "validation": (validation, "dataset/findings.json"),
    "estimate": (estimate, "estimate.json"),
    "scores": (scores, "scores/scores.json"),
    "gate": (gate, "scores/gate.json"),
    "report": (report, "report/report.json"),
    "show": (show, "report/report.json"),
    "whole": (whole, "report/report.json"),
}
# Its settings leave out BERTScore, so its answers can be graded again without an encoder.
GRADED_AGAIN = "commitment"


def repeated(run: SavedRun, step: Step, patch: pytest.MonkeyPatch) -> Expected:
    """What the step gives when it is repeated on the saved run."""
    with cloud_of(run, patch) as cloud:
        return step(cloud, patch)


def page_text(page: str) -> str:
    """The page's words, one element's text to a line."""
    lines = _TAG.sub("\n", _NOT_TEXT.sub("", page)).splitlines()
    return "".join(f"{line.strip()}\n" for line in lines if line.strip())


def _document(data: bytes) -> str:
    return _text(json.loads(data))


def _text(document: Any) -> str:
    return json.dumps(document, ensure_ascii=False, indent=2) + "\n"
