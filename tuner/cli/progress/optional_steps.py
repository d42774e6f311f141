"""Leaves out the steps that a run's settings exclude, so that the list has only what can come."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from tuner.artifacts.manifest import Manifest
from tuner.cli.progress.steps import Step

# States of statemachine/customization.asl.json behind a Choice, with the condition under which a run enters them.
_ENTERED_IF: dict[str, Callable[[Manifest], bool]] = {
    "Plan the generation": lambda manifest: manifest.generates,
    "Estimate the cost with the generation": lambda manifest: manifest.generates,
    "Generate validation data": lambda manifest: manifest.generates,
    # Known only from the estimate: shown when the run asks.
    "Free the preparation place before the generation": lambda _: False,
    "Ask for approval of the generation": lambda _: False,
    "Wait for a preparation place after the approval": lambda _: False,
    "Wait for a preparation place for the next turn": lambda _: False,
    "Free the preparation place": lambda _: False,
    "Ask for approval": lambda _: False,
    "Start the batch jobs": lambda manifest: _is_unhurried(manifest),
    "Wait for the batch jobs": lambda manifest: _is_unhurried(manifest),
    "Answer with the base model": lambda manifest: _serves(manifest) and len(manifest.base_models) == 1,
    "Answer with the chosen base model": lambda manifest: _serves(manifest) and len(manifest.base_models) > 1,
    "Arm the release switch": lambda manifest: _serves(manifest),
    "Purchase throughput": lambda manifest: _serves(manifest),
    "Wait for the throughput": lambda manifest: _serves(manifest),
    "Ask a batch of the questions": lambda manifest: _stops_early(manifest),
    "Look at the scores": lambda manifest: _stops_early(manifest),
    # A run that stops early comes to this state only if it has too few questions for batches: shown when it does.
    "Answer with the tuned model": lambda manifest: _serves(manifest) and not _stops_early(manifest),
    "Release the throughput": lambda manifest: _serves(manifest) and not manifest.settings.keep_hours,
    "Start the judge's batch jobs": lambda manifest: _judges_unhurried(manifest),
    "Wait for the judge's batch jobs": lambda manifest: _judges_unhurried(manifest),
    "Score the answers": lambda manifest: _serves(manifest),
    "Put the scores together": lambda manifest: _serves(manifest),
    "Apply the gate": lambda manifest: _serves(manifest),
    "Keep the throughput": lambda manifest: bool(manifest.settings.keep_hours),
    # Not listed in advance: a run enters this state only if the gate refuses the model.
    "Release the refused model": lambda _: False,
    "Purchase the commitment": lambda manifest: manifest.settings.commitment is not None,
}
# Before the settings are known, only what most runs do is shown.
_RARE = {
    "Plan the generation",
    "Estimate the cost with the generation",
    "Ask for approval of the generation",
    "Free the preparation place before the generation",
    "Wait for a preparation place after the approval",
    "Wait for a preparation place for the next turn",
    "Generate validation data",
    "Free the preparation place",
    "Ask for approval",
    "Start the batch jobs",
    "Wait for the batch jobs",
    "Answer with the chosen base model",
    "Ask a batch of the questions",
    "Look at the scores",
    "Start the judge's batch jobs",
    "Wait for the judge's batch jobs",
    "Keep the throughput",
    "Release the refused model",
    "Purchase the commitment",
}


def expected(steps: Iterable[Step], manifest: Manifest | None) -> tuple[Step, ...]:
    """The steps that were entered, and those that the run can still come to."""
    return tuple(step for step in steps if step.started or _can_come(step.name, manifest))


def _can_come(name: str, manifest: Manifest | None) -> bool:
    if manifest is None:
        return name not in _RARE
    return name not in _ENTERED_IF or _ENTERED_IF[name](manifest)


def _stops_early(manifest: Manifest) -> bool:
    return _serves(manifest) and manifest.settings.evaluation.stop_early


def _is_unhurried(manifest: Manifest) -> bool:
    """Whether the run asks in batch jobs, unless its estimate says why it cannot."""
    return _serves(manifest) and len(manifest.base_models) == 1 and not manifest.settings.hurry


def _judges_unhurried(manifest: Manifest) -> bool:
    """Whether the judge is asked in batch jobs, unless the estimate says why it cannot."""
    settings = manifest.settings
    return _serves(manifest) and not (settings.hurry or _stops_early(manifest) or settings.keep_hours)


def _serves(manifest: Manifest) -> bool:
    return manifest.settings.serving != "none"
