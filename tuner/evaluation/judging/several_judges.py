"""Asks one or several judges the same things, and takes one value from what they say.

The value is the mean of the judges. Judges differ in their level, so a judge that graded one answer to a question and
not another one would favour one of the models. Only judges that graded every answer to a question count for it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor

from tuner.artifacts.evaluation.contestants import ContestantName
from tuner.artifacts.evaluation.judgments import Judgment
from tuner.artifacts.evaluation.measure_scores import Number
from tuner.artifacts.evaluation.metric_details import MetricFacts
from tuner.evaluation.judging.judge import Judge, Request


def ask_judges(judges: Sequence[Judge], requests: Callable[[Judge], Sequence[Request]]) -> list[list[Judgment]]:
    """The judgments of each judge, all asked at the same time: each has quotas of its own.

    Raises ValueError without a judge, and the errors of `Judge.judge`, after every judge has ended.
    """
    if not judges:
        raise ValueError("the metric needs a judge")
    with ThreadPoolExecutor(len(judges)) as pool:
        futures = [pool.submit(judge.judge, requests(judge)) for judge in judges]
    return [future.result() for future in futures]


def facts_of(judges: Sequence[Judge], judgments: Sequence[Sequence[Judgment]]) -> MetricFacts:
    """What is known of the judges. Several are named together, and each has its own facts in `judges`."""
    each = tuple(judge.about(given) for judge, given in zip(judges, judgments, strict=True))
    if len(each) == 1:
        return each[0]
    names = dict.fromkeys(facts.name or "" for facts in each)  # a stand-in of several models has one name
    return MetricFacts(
        model=", ".join(judge.model for judge in judges),
        name=", ".join(names),
        assumed=any(facts.assumed for facts in each),
        judges=each,
    )


def counts_of(judges: Sequence[Judge], judgments: Sequence[Sequence[Judgment]]) -> dict[str, int]:
    """The counts of all judges together."""
    counts = [judge.counts(given) for judge, given in zip(judges, judgments, strict=True)]
    return {name: sum(each[name] for each in counts) for name in counts[0]}


def counts_by_judge(judges: Sequence[Judge], judgments: Sequence[Sequence[Judgment]]) -> dict[str, dict[str, int]]:
    """The counts of each of several judges, by model; none for a single one."""
    if len(judges) == 1:
        return {}
    return {judge.model: judge.counts(given) for judge, given in zip(judges, judgments, strict=True)}


def pooled(grades: Mapping[ContestantName, Sequence[Number | None]]) -> dict[ContestantName, Number | None]:
    """One grade of each answer to a question, from those of all judges, which are in the same order for each answer.

    A judge counts if it graded every answer that any judge graded. None where no judge counts or graded the answer.
    """
    graded = [{at for at, grade in enumerate(given) if grade is not None} for given in grades.values()]
    counting = set.intersection(*([found for found in graded if found] or [set()]))
    return {name: _mean([given[at] for at in sorted(counting)]) for name, given in grades.items()}


def _mean(grades: Sequence[Number | None]) -> Number | None:
    known = [grade for grade in grades if grade is not None]
    if not known:
        return None
    # A single judge's grade stays an integer in the file.
    return known[0] if len(known) == 1 else sum(known) / len(known)


def said_by(judges: Sequence[Judge], texts: Sequence[str | None]) -> str | None:
    """What the judges wrote, with their names if there are several."""
    if len(judges) == 1:
        return texts[0]
    lines = [f"{judge.known.name}: {text}" for judge, text in zip(judges, texts, strict=True) if text]
    return "\n".join(lines) or None
