"""Reads the artifacts of a run. An artifact that the run did not write is None."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeVar

from tuner.artifacts.approval import ApprovalAnswer, ApprovalRequest
from tuner.artifacts.base import Artifact
from tuner.artifacts.costs.estimate import Estimate
from tuner.artifacts.dataset import DatasetFindings, DatasetSummary
from tuner.artifacts.evaluation.gate import Gate
from tuner.artifacts.evaluation.scores import Scores
from tuner.artifacts.generated import GENERATED_KEYS, GeneratedPair, GeneratedSummary
from tuner.artifacts.guard import GuardScores
from tuner.artifacts.manifest import Manifest
from tuner.artifacts.report import Approval, Generated, PairOrigin
from tuner.artifacts.serving import CommitmentRecord, EndpointRecord
from tuner.artifacts.training import TrainingSummary
from tuner.aws.s3.run_folder import RunFolder
from tuner.core.errors import ArtifactError

A = TypeVar("A", bound=Artifact)
T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class RunArtifacts:
    """The artifacts that a run wrote before its report."""

    manifest: Manifest | None
    dataset_summary: DatasetSummary | None
    findings: DatasetFindings | None
    generated: Generated | None
    estimate: Estimate | None
    approval: Approval | None
    training: TrainingSummary | None
    serving: EndpointRecord | None
    commitment: CommitmentRecord | None
    gate: Gate | None
    scores: Scores | None
    guard: GuardScores | None

    @property
    def priced(self) -> Estimate | None:
        """The estimate with the prices of the chosen base model, where the candidates had several."""
        chosen = self.training.chosen_base_model if self.training else None
        return self.estimate.of_choice(chosen) if self.estimate and chosen else self.estimate


class Reading:
    """How strictly a run is read.

    The report of a failed run must be written whatever else is broken. So a `lenient` reading leaves out the artifacts
    that cannot be read, and keeps a message about each in `unreadable`.
    """

    def __init__(self, lenient: bool) -> None:
        self._lenient = lenient
        self.unreadable: list[str] = []

    def attempt(self, read: Callable[[], T], default: T) -> T:
        """The result of `read`, or `default` when `read` raises ArtifactError and the reading is lenient."""
        try:
            return read()
        except ArtifactError as error:
            if not self._lenient:
                raise
            self.unreadable.append(str(error))
            return default


def read_artifacts(folder: RunFolder, reading: Reading) -> RunArtifacts:
    """Reads all artifacts."""

    def artifact(model: type[A]) -> A | None:
        return reading.attempt(lambda: folder.load_if_present(model), None)

    manifest, training = artifact(Manifest), artifact(TrainingSummary)
    return RunArtifacts(
        manifest=manifest.after_choice(training) if manifest else None,
        dataset_summary=artifact(DatasetSummary),
        findings=artifact(DatasetFindings),
        generated=reading.attempt(lambda: _generated(folder), None),
        estimate=artifact(Estimate),
        approval=reading.attempt(lambda: _approval(folder), None),
        training=training,
        serving=artifact(EndpointRecord),
        commitment=artifact(CommitmentRecord),
        gate=artifact(Gate),
        scores=artifact(Scores),
        guard=artifact(GuardScores),
    )


def _approval(folder: RunFolder) -> Approval | None:
    # The report has a part of its own for this, because the request contains the task token.
    request = folder.load_if_present(ApprovalRequest)
    return Approval.of(request, folder.load_if_present(ApprovalAnswer)) if request else None


def _generated(folder: RunFolder) -> Generated | None:
    """The summary of the generated data, with the passage that each pair comes from."""
    summary = folder.load_if_present(GeneratedSummary)
    if summary is None:
        return None
    generated = Generated.model_validate(summary, from_attributes=True)
    # Without files, the generation failed, or there was nothing to generate from.
    origins = tuple(
        PairOrigin(role=role, **pair.model_dump())
        for role, key in GENERATED_KEYS.items()
        if folder.find(key) is not None
        for pair in folder.load_records(key, GeneratedPair)
    )
    return generated.model_copy(update={"origins": origins})
