"""A report in a few lines, `report/card.json`: what comparing runs takes, without reading their questions."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor

from pydantic import BaseModel, ConfigDict

from tuner.aws.run_folder import RunFolder
from tuner.reporting.model import Earlier, Metric, Question, Report, Status, Verdict
from tuner.reporting.named import shown
from tuner.run import Keys

_RUN_SUFFIX = re.compile(r"-[0-9a-f]{12}(-r\d+)?$")
_READERS = 16


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
    base_model: str | None
    stand_ins: tuple[str, ...]
    questions: int
    questions_digest: str
    scores: dict[str, CardScore]


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
        base_model=shown(base) if base else None,
        stand_ins=report.stand_ins,
        questions=len(report.questions),
        questions_digest=questions_digest(report.questions),
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


def questions_digest(questions: Iterable[Question]) -> str:
    """The same for the same questions, in whatever order."""
    ids = "\n".join(sorted(question.id for question in questions))
    return hashlib.sha256(ids.encode()).hexdigest()[:16]


def cards(folder: RunFolder, prefix: str = "") -> tuple[Card, ...]:
    """The cards of all runs whose id begins with `prefix`, newest first; runs that have not ended have none yet."""
    with ThreadPoolExecutor(_READERS) as readers:
        found = readers.map(lambda run: folder.beside(run).find(Keys.REPORT_CARD), folder.runs(prefix))
        read = [Card.model_validate_json(data) for data in found if data is not None]
    return tuple(sorted(read, key=lambda entry: (entry.ended_at, entry.run_id), reverse=True))


def best_earlier(
    folder: RunFolder, questions: Iterable[Question], metric: str | None, scores: Mapping[str, Metric]
) -> Earlier | None:
    """The dataset's run with the best tuned mean by `metric`, among others that were asked the same questions."""
    if metric is None or metric not in scores:
        return None
    digest = questions_digest(questions)
    sign = -1 if scores[metric].better == "lower" else 1
    best: tuple[float, Card] | None = None
    for rival in cards(folder, _RUN_SUFFIX.sub("-", folder.run_id)):
        score = rival.scores.get(metric)
        if rival.run_id == folder.run_id or rival.questions_digest != digest or score is None or score.tuned is None:
            continue
        if best is None or sign * score.tuned > best[0]:
            best = sign * score.tuned, rival
    if best is None:
        return None
    run = best[1]
    means = {name: score.tuned for name, score in run.scores.items() if score.tuned is not None}
    return Earlier(run_id=run.run_id, ended_at=run.ended_at, scores=means)
