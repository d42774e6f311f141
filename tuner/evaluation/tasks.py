"""The task of an evaluation, with what the references add to it."""

from __future__ import annotations

from collections.abc import Sequence

from tuner.artifacts.task import TaskDescription
from tuner.core.label_matching import LabelSet
from tuner.datasets.tasks.answers import Answers
from tuner.datasets.tasks.recognition import describe_task
from tuner.settings import RunSettings


def with_references(task: TaskDescription, references: Sequence[str]) -> TaskDescription:
    """The task with the labels of all references, also those that the training data does not have.

    Otherwise an answer could be outside the labels in one shard of the questions, and a label in another one.
    """
    if task.name != "classification":
        return task
    known = LabelSet([*task.labels, *references])
    return task.model_copy(update={"labels": {label: task.labels.get(label, 0) for label in known.labels}})


def task_of_files(settings: RunSettings, training: Sequence[str], references: Sequence[str]) -> TaskDescription:
    """The task of answers in files: recognised from the training answers, or from the references without them."""
    answers, others = Answers("training"), Answers("references")
    for line, answer in enumerate(training or references, 1):
        answers.add(answer, line)
    for line, answer in enumerate(references if training else (), 1):
        others.add(answer, line)
    return with_references(describe_task(settings, answers, [others]), references)
