"""Applies the gate: decides, writes it down, marks the custom model and tells whoever deploys next.

docs/gate.md describes gate.json and the event. Everything may happen twice (a retried step, a redriven execution): the
decision is made once for the same scores, a tag is set to the same value, and the event carries the decision's id.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Mapping
from typing import Any, Protocol

from tuner.artifacts.manifest import Manifest
from tuner.aws.s3.run_folder import RunFolder
from tuner.core.artifact_keys import Keys
from tuner.core.resource_names import Tags
from tuner.evaluation.gate.event import GateDecision, GateEvent
from tuner.evaluation.gate.rules import Sides, decide_gate
from tuner.training.job_record import JobUseIndex, other_users

SCHEMA_VERSION = 1
_NO_GATE: dict[str, Any] = {"decision": "none", "sentence": "The run's settings have no gate.", "rules": []}

PutEvent = Callable[[str, str, Mapping[str, Any], list[str]], None]


class Tagger(Protocol):
    """Sets tags on Bedrock's resources; False when one is gone."""

    def tag(self, arn: str, tags: Mapping[str, str]) -> bool: ...


def apply_gate(folder: RunFolder, models: Tagger, uses: JobUseIndex, put_event: PutEvent) -> dict[str, Any]:
    """Decides, and returns what it wrote as gate.json.

    The model's tag is this decision, except where another run of the same job has accepted the model: it stays accepted
    then, because retention goes by the tag. A run without a gate is written down as such, and nobody is told. Raises
    AwsError when there are no scores.
    """
    manifest = folder.manifest()
    decided = _decided(folder, manifest)
    if decided["decision"] == "none" or decided["announced"]:
        return decided
    arn = decided["custom_model_arn"]
    mark = "accepted" if _accepted_elsewhere(folder, uses) else decided["decision"]
    if arn and not models.tag(arn, {Tags.GATE: mark}):
        arn = None  # people may score answers of a model that has been deleted since
    announced = {**decided, "custom_model_arn": arn, "tag": mark, "announced": True}
    put_event(GateEvent.SOURCE, GateEvent.DETAIL_TYPE, _detail(announced), [arn] if arn else [])
    folder.write_json(Keys.GATE, announced)
    return announced


def _accepted_elsewhere(folder: RunFolder, uses: JobUseIndex) -> bool:
    """Whether another run that uses the same job has accepted its model."""
    others = (folder.sibling(run_id) for run_id in other_users(folder, uses))
    return any((other.find_json(Keys.GATE) or {}).get("decision") == "accepted" for other in others)


def _decided(folder: RunFolder, manifest: Manifest) -> dict[str, Any]:
    """The decision on the scores as they are: an earlier attempt's, or a new one, which is written at once."""
    scores = folder.read(Keys.SCORES)
    digest = hashlib.sha256(scores).hexdigest()
    earlier: dict[str, Any] | None = folder.find_json(Keys.GATE)
    if earlier and earlier["scores_sha256"] == digest:
        return earlier
    document = json.loads(scores)
    training = folder.find_json(Keys.TRAINING_SUMMARY) or {}
    decided = {
        "schema_version": SCHEMA_VERSION,
        "id": f"{manifest.run_id}-{digest[:12]}",
        "run_id": manifest.run_id,
        "dataset": manifest.dataset,
        "base_model": manifest.base_model,
        "custom_model_arn": training.get("custom_model_arn"),
        **(decide_gate(manifest.settings.gate, _sides(document)) or _NO_GATE),
        "verdict": {key: document["verdict"][key] for key in ("value", "metric", "sentence")},
        "people": bool(document.get("people")),
        "report": folder.uri(Keys.REPORT_PAGE),
        "scores": folder.uri(Keys.SCORES),
        "scores_sha256": digest,
        "announced": False,
    }
    folder.write_json(Keys.GATE, decided)
    return decided


def _sides(document: Mapping[str, Any]) -> Sides:
    earlier = document.get("earlier")
    if not earlier:
        return Sides(document["metrics"])
    return Sides(document["metrics"], earlier["metrics"], earlier["run_id"])


def _detail(decided: Mapping[str, Any]) -> dict[str, Any]:
    """The event's detail: what is decided, without how far telling it has come."""
    told = {key: value for key, value in decided.items() if key in GateDecision.model_fields}
    return GateDecision.model_validate(told).model_dump(mode="json", exclude_unset=True)
