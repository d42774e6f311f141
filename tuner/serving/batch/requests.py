"""The records of a batch job, and how they belong to the evaluation questions: by their order."""

from __future__ import annotations

import json
from collections.abc import Iterator

from tuner.artifacts.evaluation.contestants import Contestant
from tuner.artifacts.manifest import Manifest
from tuner.aws.bedrock.converse import request_members
from tuner.aws.s3.run_folder import RunFolder
from tuner.serving.inference import Asked


def asked_in_batch(folder: RunFolder, manifest: Manifest, contestant: Contestant) -> list[Asked]:
    """The questions as the contestant is asked them, once for each of several answers; record `n` asks the n-th."""
    samples = manifest.settings.evaluation.samples
    numbers = range(samples) if samples > 1 else [None]
    return [Asked(question, number) for question in folder.asked_questions(contestant) for number in numbers]


def record_id(number: int) -> str:
    """The id of a record: letters and digits, as Bedrock demands, which ids of questions need not be."""
    return f"{number:011d}"


def records(asked: list[Asked], manifest: Manifest) -> Iterator[str]:
    """The lines of the input file, in the form of Converse."""
    settings = manifest.settings
    for number, each in enumerate(asked):
        *earlier, last = each.question.turns
        system = each.question.system or settings.system_prompt
        request = request_members(last.text, system, settings.inference, earlier)
        yield json.dumps({"recordId": record_id(number), "modelInput": request}, ensure_ascii=False)
