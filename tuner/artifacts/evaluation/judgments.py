"""What the judge and people said about answers: kept, so that a repeated scoring does not ask for it again.

`scores/verdicts/NNNNN.json` has the judge's usable judgments of one shard, by a hash of the whole request.
`scores/people.json` has the scores of all reviews that were imported, by question and contestant.
"""

from __future__ import annotations

import json
from typing import Any

from pydantic import TypeAdapter, ValidationError

from tuner.artifacts.base import Part
from tuner.artifacts.evaluation.contestants import ContestantName
from tuner.core.errors import ArtifactError

PEOPLE = "scores/people.json"


class Judgment(Part):
    """The judge's reply about one answer, or about two.

    `arguments` keep to the tool's schema; None is a missing judgment, and `problem` says why it is missing. `stand_in`
    names what judged in the model's place, on the local cloud. The tokens are those of all attempts.
    """

    # The schema is the tool's: a grade and a preference have different members.
    arguments: dict[str, Any] | None
    problem: str = ""
    stand_in: str = ""
    input_tokens: int = 0
    output_tokens: int = 0


Judgments = dict[str, Judgment]
PeopleScores = dict[str, dict[ContestantName, int]]

_judgments = TypeAdapter(Judgments)
_people_scores = TypeAdapter(PeopleScores)


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


def read_people_scores(data: bytes | None, place: str) -> PeopleScores:
    """People's scores of a file; none when there is no file. Raises ArtifactError that names `place`."""
    try:
        return _people_scores.validate_json(data) if data else {}
    except ValidationError:
        raise ArtifactError(
            f"{place} does not hold people's scores. Delete it and import the reviews again (tuner review import)."
        ) from None


def people_scores_json(scores: PeopleScores) -> bytes:
    """People's scores as a file."""
    return json.dumps(_people_scores.dump_python(scores, mode="json"), ensure_ascii=False, indent=2).encode() + b"\n"
