"""Starts, monitors and stops a training process."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from local.bedrock.jobs.failure import JobFailedError, JobStoppedError
from local.bedrock.jobs.hyperparameters import Schedule
from local.trainer.process import LOG_FILE, TrainingProcess
from local.trainer.spec import SPEC_FILE, Conversation, NetworkName, Progress, TrainingSpec

POLL_SECONDS = 0.1


@dataclass(frozen=True, slots=True)
class TrainingPlan:
    """The input of a training process apart from its data."""

    network: NetworkName
    seed: int
    threads: int
    cache: Path
    schedule: Schedule


def write_inputs(
    folder: Path, plan: TrainingPlan, training: Sequence[Conversation], validation: Sequence[Conversation] | None
) -> None:
    """Writes the data and the specification for the training process."""
    folder.mkdir(parents=True, exist_ok=True)
    _write_jsonl(folder / "training.jsonl", training)
    if validation is not None:
        _write_jsonl(folder / "validation.jsonl", validation)
    spec = TrainingSpec(
        network=plan.network,
        seed=plan.seed,
        threads=plan.threads,
        cache=plan.cache,
        training=folder / "training.jsonl",
        validation=folder / "validation.jsonl" if validation is not None else None,
        epochs=plan.schedule.epochs,
        batch_size=plan.schedule.batch_size,
        learning_rate=plan.schedule.learning_rate,
        warmup_steps=plan.schedule.warmup_steps,
        early_stopping=plan.schedule.early_stopping,
    )
    (folder / SPEC_FILE).write_text(spec.model_dump_json(indent=2), encoding="utf-8")


def train(folder: Path, stopped: threading.Event) -> Progress:
    """Trains in a process of its own until it ends or `stopped` is set.

    Raises:
        JobFailedError: the process failed. The message has the last line of its log.
        JobStoppedError: `stopped` was set.
    """
    process = TrainingProcess(folder)
    try:
        while (status := process.exit_code()) is None:
            if stopped.wait(POLL_SECONDS):
                raise JobStoppedError
    finally:
        process.end()
    progress = Progress.read(folder)
    if status != 0 or progress is None or not progress.finished:
        raise JobFailedError(_failure_message(folder, status))
    return progress


def _failure_message(folder: Path, status: int) -> str:
    lines = (folder / LOG_FILE).read_text(encoding="utf-8", errors="replace").split("\n")
    messages = [line.strip() for line in lines if line.strip()]
    return f"Training failed with exit status {status}: {messages[-1] if messages else 'the log is empty'}"


def _write_jsonl(path: Path, records: Sequence[Conversation]) -> None:
    path.write_text("".join(record.model_dump_json() + "\n" for record in records), encoding="utf-8")
