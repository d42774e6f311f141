"""Reads what a run wrote. What it never made is absent, and is no error."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, TypeVar

from pydantic import BaseModel, ValidationError

from tuner.artifacts.approval import ApprovalAnswer, ApprovalRequest
from tuner.artifacts.estimate import Estimate
from tuner.artifacts.manifest import Manifest
from tuner.artifacts.report import Approval, DatasetSummary, Findings, Gate, Generated, Serving, Training
from tuner.aws.s3.run_folder import RunFolder
from tuner.core.artifact_keys import Keys
from tuner.core.errors import EvaluationError

M = TypeVar("M", bound=BaseModel)
T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Artifacts:
    """What a run wrote before its report. `scoring` is scores.json."""

    manifest: Manifest | None
    dataset_summary: DatasetSummary | None
    findings: Findings | None
    generated: Generated | None
    estimate: Estimate | None
    approval: Approval | None
    training: Training | None
    serving: Serving | None
    commitment: Serving | None
    gate: Gate | None
    scoring: dict[str, Any]


class Reading:
    """How strictly a run is read.

    The report of a failure must come out whatever else is broken: when `lenient`, what cannot be read is left out and
    kept in `unreadable`, a message each.
    """

    def __init__(self, lenient: bool) -> None:
        self._lenient = lenient
        self.unreadable: list[str] = []

    def of(self, make: Callable[[], T], otherwise: T) -> T:
        """What `make` reads; `otherwise` when that fails and may. Raises EvaluationError as `shaped` does."""
        try:
            return make()
        except EvaluationError as error:
            if not self._lenient:
                raise
            self.unreadable.append(str(error))
            return otherwise


def gather(folder: RunFolder, reading: Reading) -> Artifacts:
    """Everything there is."""

    def part(name: str, model: type[M]) -> M | None:
        return reading.of(lambda: _find(folder, name, model), None)

    return Artifacts(
        manifest=part(Keys.MANIFEST, Manifest),
        dataset_summary=part(Keys.DATASET_SUMMARY, DatasetSummary),
        findings=part(Keys.FINDINGS, Findings),
        generated=reading.of(lambda: _generated(folder), None),
        estimate=part(Keys.ESTIMATE, Estimate),
        approval=reading.of(lambda: _approval(folder), None),
        training=part(Keys.TRAINING_SUMMARY, Training),
        serving=part(Keys.ENDPOINT, Serving),
        commitment=part(Keys.COMMITMENT, Serving),
        gate=part(Keys.GATE, Gate),
        scoring=reading.of(lambda: _document(folder, Keys.SCORES), {}),
    )


@contextmanager
def shaped(where: str) -> Iterator[None]:
    """Raises EvaluationError, naming the artifact and the place in it, when what is read has another shape."""
    try:
        yield
    except ValidationError as error:
        first = error.errors()[0]
        place = ".".join(str(part) for part in first["loc"]) or "the document"
        raise _misshapen(where, f"{place}: {first['msg']}") from None
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise _misshapen(where, f"{type(error).__name__}: {error}") from error


def _misshapen(where: str, what: str) -> EvaluationError:
    return EvaluationError(
        f"{where}: {what}. The report cannot be made from it: the artifact is not of the documented shape, so it was "
        "written by another version or by hand."
    )


def _find(folder: RunFolder, name: str, model: type[M]) -> M | None:
    data = folder.find(name)
    with shaped(folder.uri(name)):
        return None if data is None else model.model_validate_json(data)


def _approval(folder: RunFolder) -> Approval | None:
    request = _find(folder, Keys.APPROVAL, ApprovalRequest)
    return Approval.of(request, _find(folder, Keys.APPROVAL_ANSWER, ApprovalAnswer)) if request else None


def _generated(folder: RunFolder) -> Generated | None:
    """With the origin of each pair."""
    found = _find(folder, Keys.GENERATED_SUMMARY, Generated)
    pairs = folder.find(Keys.GENERATED) if found else None
    if found is None or pairs is None:
        return found
    with shaped(folder.uri(Keys.GENERATED)):
        origins = [json.loads(line) for line in pairs.splitlines()]
        return Generated.model_validate({**found.model_dump(), "origins": origins})


def _document(folder: RunFolder, name: str) -> dict[str, Any]:
    data = folder.find(name)
    with shaped(folder.uri(name)):
        return {} if data is None else dict(json.loads(data))
