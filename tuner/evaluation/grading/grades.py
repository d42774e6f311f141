"""Grades items with the metrics: one record per question, in any number of shards.

The statistics over all records are a separate step (`tuner/evaluation/scores.py`). Shards that several invocations
graded therefore give exactly the numbers that one invocation would.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from tuner.artifacts.dataset import EvaluationQuestion, QuestionGroups
from tuner.artifacts.evaluation.contestants import ContestantName
from tuner.artifacts.evaluation.metric_details import MetricFacts
from tuner.artifacts.evaluation.question_scores import AnswerScores, QuestionScores
from tuner.datasets.question_groups import few_documents, question_groups
from tuner.evaluation.grading.graded_items import GradedItem, contestants_of, one_per_question, single_answers
from tuner.evaluation.metric_details import counted_by_judge
from tuner.evaluation.metrics import Grades, Measures, Metric, ScoringContext
from tuner.settings import EvaluationSettings


@dataclass(frozen=True, slots=True)
class Graded:
    """The grades of some or all questions. Per metric, `about` has its facts and `counts` its sums: see `Grades`.

    `counts` also has those of each of several judges, under `counted_by_judge`.

    `groups` says how the questions are related; None if every question is independent, or is one shard's. `documents`
    is how many documents all of them are from, if those are few. `slices` are the fields by which results are shown.
    """

    records: tuple[QuestionScores, ...]
    about: Mapping[str, MetricFacts]
    counts: Mapping[str, Mapping[str, int]]
    groups: QuestionGroups | None = None
    slices: tuple[str, ...] = ()
    documents: int | None = None


def grade(items: Sequence[GradedItem], metrics: Sequence[Metric], context: ScoringContext) -> Graded:
    """Grades the items with every metric. An answer that was not given is marked as failed."""
    single = single_answers(items)
    grades = {metric.name: metric.grade(single, context) for metric in metrics}
    contestants = contestants_of(items)
    records = [_record(item, index, contestants, tuple(grades.values())) for index, item in enumerate(single)]
    return Graded(
        tuple(one_per_question(items, records)),
        {name: given.about for name, given in grades.items()},
        {
            **{name: dict(given.counts) for name, given in grades.items()},
            **{
                counted_by_judge(name, model): dict(counts)
                for name, given in grades.items()
                for model, counts in given.judge_counts.items()
            },
        },
    )


def _record(
    item: GradedItem, index: int, contestants: Iterable[ContestantName], grades: Sequence[Grades]
) -> QuestionScores:
    """The scores of one item, which is at `index` in the lists of each metric's grades."""
    answers = {}
    for name in contestants:
        # `failed` is set only where it is true, so that the file has it only there.
        answers[name] = AnswerScores(failed=True) if item.answers[name] is None else AnswerScores()
        for given in grades:
            # The judge's preference is between base and tuned model only.
            if name in given.values:
                answers[name] = answers[name].joined(given.values[name][index])
    references: Measures = {}
    for given in grades:
        references |= given.references[index] if given.references is not None else {}
    # Members that a question does not have are not set, so that the file does not have them.
    labels = [given.labels[index] for given in grades if given.labels is not None]
    members: dict[str, object] = {"reference": references} if references else {}
    members |= {"label": labels[0]} if labels else {}
    return QuestionScores(id=item.id, by_contestant=answers).model_copy(update=members)


def merged(shards: Sequence[Graded]) -> Graded:
    """The shards together: records in their order, counts added up."""
    counts: dict[str, Counter[str]] = {}
    for shard in shards:
        for metric, numbers in shard.counts.items():
            counts.setdefault(metric, Counter()).update(numbers)
    # The facts are the same in every shard, so the last shard's are as good as any.
    about = {metric: facts for shard in shards for metric, facts in shard.about.items()}
    return Graded(tuple(record for shard in shards for record in shard.records), about, counts)


def grouped(
    graded: Graded,
    questions: Sequence[EvaluationQuestion],
    settings: EvaluationSettings,
    every: Sequence[EvaluationQuestion] | None = None,
) -> Graded:
    """The grades of all questions, each with its group where questions are related, and the fields of its slices.

    `every` are all questions, if some were not asked: groups are those of all questions.
    """
    scored = {record.id for record in graded.records}
    known = {each.id: each for each in questions if each.id in scored}
    groups, names = question_groups(list(every or known.values()), settings.group_by, known)
    # Few documents as groups are too few to decide, which is said already.
    by_document = groups is not None and groups.by in ("document", "several")
    documents = None if by_document else few_documents(list(known.values()))
    records = []
    for record in graded.records:
        fields = {name: value for name, value in known[record.id].fields.items() if name in settings.slices}
        # Members that a question does not have are not set, so that the file does not have them.
        members: dict[str, object] = {"group": names[record.id]} if groups else {}
        members |= {"fields": fields} if fields else {}
        records.append(record.model_copy(update=members))
    return replace(graded, records=tuple(records), groups=groups, documents=documents, slices=settings.slices)
