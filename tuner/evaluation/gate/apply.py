"""Applies the gate of a run: decides, writes gate.json, tags the custom model and puts an event on the event bus.

docs/gate.md describes the file and the event. Applying it twice is safe, for example in a retried step or a redriven
execution. The same scores are decided once, the tag is set to the same value, and the event carries the same id.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping
from typing import Protocol

from tuner.artifacts.base import parse
from tuner.artifacts.evaluation.gate import Gate, GateDecision, GateEvent, GateResult, GateVerdict
from tuner.artifacts.evaluation.scores import Scores
from tuner.artifacts.guard import GuardScores
from tuner.artifacts.manifest import Manifest
from tuner.artifacts.training import TrainingSummary
from tuner.aws.s3.run_folder import RunFolder
from tuner.core.artifact_keys import Keys
from tuner.core.resource_names import Tags
from tuner.evaluation.gate.rules import GateComparisons, decide_gate
from tuner.training.job_record import JobUseIndex, other_users

_NO_GATE = GateResult(decision="none", sentence="The run's settings have no gate.")

PutEvent = Callable[[GateEvent], None]


class Tagger(Protocol):
    """Sets tags on Bedrock's resources. Returns False when the resource does not exist."""

    def tag(self, arn: str, tags: Mapping[str, str]) -> bool: ...


def apply_gate(folder: RunFolder, models: Tagger, uses: JobUseIndex, put_event: PutEvent) -> Gate:
    """Decides, and returns what it wrote as gate.json.

    The custom model's tag is this decision, unless another run of the same training job has accepted the model: then it
    stays accepted, because retention goes by the tag. A run without a gate has a gate.json too, but no tag and no
    event. Raises AwsError when there are no scores.
    """
    gate = _decided(folder, folder.manifest_of_choice())
    if gate.decision == "none" or gate.announced:
        return gate
    arn = gate.custom_model_arn
    tag: GateDecision = "accepted" if _accepted_elsewhere(folder, uses) else gate.decision
    if arn and not models.tag(arn, {Tags.GATE: tag}):
        arn = None  # People can score answers of a model that has been deleted since.
    announced = gate.model_copy(update={"custom_model_arn": arn, "tag": tag, "announced": True})
    # The event comes first. If the step fails in between, the retry puts it again, with the same id.
    put_event(announced.event())
    folder.save(announced)
    return announced


def _accepted_elsewhere(folder: RunFolder, uses: JobUseIndex) -> bool:
    """Whether another run that uses the same training job has accepted the model."""
    others = (folder.sibling(run_id).load_if_present(Gate) for run_id in other_users(folder, uses))
    return any(other is not None and other.decision == "accepted" for other in others)


def _decided(folder: RunFolder, manifest: Manifest) -> Gate:
    """The decision on the current scores: an earlier attempt's, or a new one, which is written at once."""
    data, of_guard = folder.read(Keys.SCORES), folder.find(Keys.GUARD_SCORES)
    digest = hashlib.sha256(data + (of_guard or b"")).hexdigest()
    earlier = folder.load_if_present(Gate)
    if earlier is not None and earlier.scores_sha256 == digest:
        return earlier
    scores = parse(Scores, data, folder.uri(Keys.SCORES))
    training = folder.load_if_present(TrainingSummary)
    guard = parse(GuardScores, of_guard, folder.uri(Keys.GUARD_SCORES)) if of_guard else None
    result = decide_gate(manifest.settings.gate, GateComparisons.of(scores, guard)) or _NO_GATE
    verdict = scores.verdict
    gate = Gate(
        id=f"{manifest.run_id}-{digest[:12]}",
        run_id=manifest.run_id,
        dataset=manifest.dataset,
        base_model=manifest.base_model,
        custom_model_arn=training.custom_model_arn if training else None,
        decision=result.decision,
        sentence=result.sentence,
        rules=result.rules,
        verdict=GateVerdict(value=verdict.value or "undecided", metric=verdict.metric, sentence=verdict.sentence),
        people=scores.people is not None and scores.people.undecided is None,
        report=folder.uri(Keys.REPORT_PAGE),
        scores=folder.uri(Keys.SCORES),
        scores_sha256=digest,
        announced=False,
    )
    folder.save(gate)
    return gate
