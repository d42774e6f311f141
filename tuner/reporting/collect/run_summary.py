"""A report in a few lines, `report/card.json`: what comparing runs takes, without reading their questions."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor

from pydantic import BaseModel, ConfigDict, TypeAdapter, ValidationError

from tuner.artifacts.report import Report, Status, Verdict
from tuner.artifacts.report.scores import Decision
from tuner.aws.s3.run_folder import RunFolder
from tuner.core.artifact_keys import Keys
from tuner.core.errors import RetryableError
from tuner.reporting.collect.model_names import shown

_READERS = 16
_ATTEMPTS = 20


class CardScore(BaseModel):
    """One metric's means."""

    model_config = ConfigDict(extra="ignore", frozen=True)

    label: str | None
    better: str | None
    base: float | None
    tuned: float | None


class Card(BaseModel):
    """One run. `questions_digest` is the same for runs that were asked the same questions, so their scores compare."""

    model_config = ConfigDict(extra="ignore", frozen=True)

    run_id: str
    dataset: str | None
    status: Status
    started_at: str | None
    ended_at: str
    verdict: Verdict
    gate: Decision | None = None
    base_model: str | None
    stand_ins: tuple[str, ...]
    questions: int
    questions_digest: str
    scores: dict[str, CardScore]


_Index = TypeAdapter(dict[str, Card])


def card(report: Report) -> Card:
    """The report's card."""
    base = report.models.base
    return Card(
        run_id=report.run_id,
        dataset=report.dataset,
        status=report.status,
        started_at=report.started_at,
        ended_at=report.ended_at,
        verdict=report.verdict,
        gate=report.gate.decision if report.gate else None,
        base_model=shown(base) if base else None,
        stand_ins=report.stand_ins,
        questions=len(report.questions),
        questions_digest=questions_digest(question.id for question in report.questions),
        scores={
            name: CardScore(
                label=metric.label,
                better=metric.better,
                base=metric.base.mean if metric.base else None,
                tuned=metric.tuned.mean if metric.tuned else None,
            )
            for name, metric in report.scores.items()
        },
    )


def questions_digest(ids: Iterable[str]) -> str:
    """The same for the same questions, in whatever order."""
    return hashlib.sha256("\n".join(sorted(ids)).encode()).hexdigest()[:16]


def cards(folder: RunFolder, prefix: str = "") -> tuple[Card, ...]:
    """The cards of all runs whose id begins with `prefix`, newest first; runs that have not ended have none yet."""
    known, _ = _index(folder)
    return _newest_first(_completed(folder, known, prefix))


def enter(folder: RunFolder, own: Card) -> tuple[Card, ...]:
    """Puts a card into the index of all runs, and returns all, newest first.

    What makes this cheap with thousands of runs is the index: only the cards that it lacks are read, which are those of
    runs that go on. Raises RetryableError when others write it all the time.
    """
    for _ in range(_ATTEMPTS):
        known, version = _index(folder)
        entered = _completed(folder, known, "") | {own.run_id: own}
        if folder.overview.write_index(_Index.dump_json(entered), version):
            return _newest_first(entered)
    raise RetryableError(f"Other runs that end now wrote the index of all runs {_ATTEMPTS} times in between.")


def _index(folder: RunFolder) -> tuple[dict[str, Card], str | None]:
    """The index as it stands, and its version. One of another shape counts as empty: it is made of cards, anew."""
    data, version = folder.overview.read_index()
    try:
        return (_Index.validate_json(data) if data else {}), version
    except ValidationError:
        return {}, version


def _completed(folder: RunFolder, known: Mapping[str, Card], prefix: str) -> dict[str, Card]:
    """The cards of the runs that there are: the known ones, and those that are read now."""
    runs = folder.runs(prefix)
    with ThreadPoolExecutor(_READERS) as readers:
        found = readers.map(
            lambda run: folder.beside(run).find(Keys.REPORT_CARD), [run for run in runs if run not in known]
        )
        new = [Card.model_validate_json(data) for data in found if data is not None]
    return {run: known[run] for run in runs if run in known} | {entry.run_id: entry for entry in new}


def _newest_first(found: Mapping[str, Card]) -> tuple[Card, ...]:
    return tuple(sorted(found.values(), key=lambda entry: (entry.ended_at, entry.run_id), reverse=True))
