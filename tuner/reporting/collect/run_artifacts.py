"""Reads the artifacts of a run. An artifact that the run did not write is None."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, TypeVar

from pydantic import BaseModel, ValidationError

from tuner.artifacts.approval import ApprovalAnswer, ApprovalRequest
from tuner.artifacts.base import Artifact
from tuner.artifacts.estimate import Estimate
from tuner.artifacts.gate import Gate
from tuner.artifacts.manifest import Manifest
from tuner.artifacts.report import Approval, DatasetSummary, Findings, Generated
from tuner.artifacts.scores import Scores
from tuner.artifacts.serving import CommitmentRecord, EndpointRecord
from tuner.artifacts.training import TrainingSummary
from tuner.aws.s3.run_folder import RunFolder
from tuner.core.artifact_keys import Keys
from tuner.core.errors import ArtifactError

A = TypeVar("A", bound=Artifact)
M = TypeVar("M", bound=BaseModel)
T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Artifacts:
    """The artifacts that a run wrote before its report."""

    manifest: Manifest | None
    dataset_summary: DatasetSummary | None
    findings: Findings | None
    generated: Generated | None
    estimate: Estimate | None
    approval: Approval | None
    training: TrainingSummary | None
    serving: EndpointRecord | None
    commitment: CommitmentRecord | None
    gate: Gate | None
    scores: Scores | None


class Reading:
    """How strictly a run is read.

    The report of a failed run must be written whatever else is broken. So a `lenient` reading leaves out the artifacts
    that cannot be read, and keeps a message about each in `unreadable`.
    """

    def __init__(self, lenient: bool) -> None:
        self._lenient = lenient
        self.unreadable: list[str] = []

    def of(self, read: Callable[[], T], otherwise: T) -> T:
        """The result of `read`, or `otherwise` when `read` raises ArtifactError and the reading is lenient."""
        try:
            return read()
        except ArtifactError as error:
            if not self._lenient:
                raise
            self.unreadable.append(str(error))
            return otherwise


def gather(folder: RunFolder, reading: Reading) -> Artifacts:
    """Reads all artifacts."""

    def artifact(model: type[A]) -> A | None:
        return reading.of(lambda: folder.load_if_present(model), None)

    def part(name: str, model: type[M]) -> M | None:
        return reading.of(lambda: _find(folder, name, model), None)

    return Artifacts(
        manifest=artifact(Manifest),
        dataset_summary=part(Keys.DATASET_SUMMARY, DatasetSummary),
        findings=part(Keys.FINDINGS, Findings),
        generated=reading.of(lambda: _generated(folder), None),
        estimate=artifact(Estimate),
        approval=reading.of(lambda: _approval(folder), None),
        training=artifact(TrainingSummary),
        serving=artifact(EndpointRecord),
        commitment=artifact(CommitmentRecord),
        gate=artifact(Gate),
        scores=artifact(Scores),
    )


@contextmanager
def documented_form(where: str) -> Iterator[None]:
    """Raises ArtifactError, naming the artifact and the member, when what is read has another form."""
    try:
        yield
    except ValidationError as error:
        first = error.errors()[0]
        place = ".".join(str(part) for part in first["loc"]) or "the document"
        raise _misshapen(where, f"{place}: {first['msg']}") from None
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise _misshapen(where, f"{type(error).__name__}: {error}") from error


def _misshapen(where: str, what: str) -> ArtifactError:
    return ArtifactError(
        f"{where}: {what}. The file does not have the documented form, so another version of the pipeline or a person "
        "wrote it. Repeat the run with 'tuner run --again'."
    )


def _find(folder: RunFolder, name: str, model: type[M]) -> M | None:
    data = folder.find(name)
    with documented_form(folder.uri(name)):
        return None if data is None else model.model_validate_json(data)


def _approval(folder: RunFolder) -> Approval | None:
    request = folder.load_if_present(ApprovalRequest)
    return Approval.of(request, folder.load_if_present(ApprovalAnswer)) if request else None


def _generated(folder: RunFolder) -> Generated | None:
    """The summary of the generated validation data, with the passage that each pair comes from."""
    found = _find(folder, Keys.GENERATED_SUMMARY, Generated)
    pairs = folder.find(Keys.GENERATED) if found else None
    if found is None or pairs is None:
        return found
    with documented_form(folder.uri(Keys.GENERATED)):
        origins = [json.loads(line) for line in pairs.splitlines()]
        return Generated.model_validate({**found.model_dump(), "origins": origins})


def _document(folder: RunFolder, name: str) -> dict[str, Any]:
    data = folder.find(name)
    with documented_form(folder.uri(name)):
        return {} if data is None else dict(json.loads(data))
