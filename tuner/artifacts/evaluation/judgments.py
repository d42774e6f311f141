"""What the judge said about answers: kept, so that a repeated scoring does not ask for it again.

`scores/verdicts/NNNNN.json` has the judge's usable judgments of one shard, by a hash of the whole request.
"""

from __future__ import annotations

import json

from pydantic import TypeAdapter, ValidationError, field_validator

from tuner.artifacts.base import Part
from tuner.core.errors import ArtifactError


class GradeArguments(Part):
    """The grade of one answer, from 1 to 10."""

    score: int
    reasoning: str
    unsure: bool = False

    @field_validator("unsure", mode="before")
    @classmethod
    def _only_true(cls, value: object) -> bool:
        # A model that cannot be forced to keep to the schema also writes "maybe" here.
        return value is True


class PreferenceArguments(Part):
    """Which of two answers is preferred: 1, 2, or 0 when they are equal."""

    preferred: int
    reasoning: str


class Judgment(Part):
    """The judge's reply about one answer, or about two.

    `arguments` are the tool call's. None is a missing judgment, and `problem` says why it is missing. `stand_in` names
    what judged in the model's place, on the local cloud. `attempts` is the number of requests that the judge replied
    to. The tokens are the sums over them, and `batch_...` is the part of a batch job.
    """

    arguments: GradeArguments | PreferenceArguments | None
    problem: str = ""
    stand_in: str = ""
    input_tokens: int = 0
    output_tokens: int = 0
    attempts: int = 0
    batch_input_tokens: int = 0
    batch_output_tokens: int = 0


Judgments = dict[str, Judgment]


_judgments = TypeAdapter(Judgments)


def judgments_file(shard: int) -> str:
    """Where a shard's judgments are in the run's folder."""
    return f"scores/verdicts/{shard:05d}.json"


def read_judgments(data: bytes | None, place: str) -> Judgments:
    """The judgments of a file; none when there is no file. Raises ArtifactError that names `place`."""
    try:
        return _judgments.validate_json(data) if data else {}
    except ValidationError:
        raise ArtifactError(
            f"{place} does not hold the judge's judgments. Delete it: the judge is asked again."
        ) from None


def judgments_json(judgments: Judgments) -> bytes:
    """The judgments as a file."""
    return json.dumps(_judgments.dump_python(judgments, mode="json"), ensure_ascii=False).encode()
