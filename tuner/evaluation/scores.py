"""Computes scores.json from the grades of all questions: the contestants by each measure, and the verdict."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from itertools import combinations
from typing import Any

from tuner.artifacts.evaluation.contestants import BASE, MAIN, TUNED, ContestantName
from tuner.artifacts.evaluation.measure_scores import Aggregate, EqualLength, MeasureScores, Number, Slices
from tuner.artifacts.evaluation.metric_details import MetricFacts, OwnMeasure
from tuner.artifacts.evaluation.question_scores import QuestionScores, contestants_in
from tuner.artifacts.evaluation.scores import Scores
from tuner.catalog.metrics import OWN_MEASURES, field_measure, scorer_measure
from tuner.evaluation.grading.graded_items import of_repeats
from tuner.evaluation.grading.grades import Graded
from tuner.evaluation.judging.length import at_equal_length
from tuner.evaluation.judging.results import with_judges
from tuner.evaluation.metric_details import details_of, scorer_warning
from tuner.evaluation.metrics import Measure, measures
from tuner.evaluation.statistics.comparison import PairedDifference, compare, mean_and_error
from tuner.evaluation.statistics.confusion import answered_label
from tuner.evaluation.statistics.correlation import correlations
from tuner.evaluation.statistics.early_stopping import Looks
from tuner.evaluation.statistics.groups import interval_of_estimate
from tuner.evaluation.statistics.macro_f1 import compare_macro_f1, macro_f1
from tuner.evaluation.statistics.slices import compared_pairs, compared_with_all, slice_warnings, slices_by
from tuner.evaluation.statistics.verdict import Names, conclude, decide, outcome


@dataclass(frozen=True, slots=True)
class _Options:
    """The arguments of `summarize` that the comparisons by all measures share."""

    seed: int
    names: Names
    looks: Looks | None

    def looks_at(self, measure: Measure) -> Looks | None:
        """The looks at a measure, whose range bounds its values."""
        return self.looks and self.looks.within(measure.range)


def summarize(
    graded: Graded,
    warnings: Sequence[str] = (),
    seed: int = 0,
    names: Names = Names(),  # noqa: B008 - frozen
    decides: str | None = None,
    scorer: MetricFacts | None = None,
    looks: Looks | None = None,
) -> Scores:
    """Computes scores.json: the contestants and their comparison by each measure, and the verdict.

    `decides` is the measure that the run's settings name to decide. `scorer` describes the measures of the deployer's
    own scorer, for grades that do not. `looks` is the plan of an evaluation that may stop early; None for any other.
    """
    options = _Options(seed, replace(names, groups=graded.groups, documents=graded.documents), looks)
    measured = _measured(graded.records, graded.about.get("scorer") or scorer or MetricFacts())
    scores = {measure.name: _complete_scores(measure, graded.records, options) for measure in measured}
    verdict = decide(scores, len(graded.records), options.names, decides)
    for measure in measured:
        if measure.name == verdict.metric and len(scores[measure.name].compared) > 1:
            scores[measure.name] = _with_pairs(scores[measure.name], measure, graded.records, options)
    records = [
        record.model_copy(update={"outcome": outcome(record, verdict.metric, scores)}) for record in graded.records
    ]
    single = [each for record in graded.records for each in record.single_answers]
    from_metrics = [facts.warning for facts in graded.about.values() if facts.warning]
    slices = _slices(graded, [measure for measure in measured if scores[measure.name].conclusion], options)
    made = Scores(
        verdict=verdict,
        metrics=scores,
        questions=tuple(records),
        agreement=correlations(graded.records),
        warnings=(
            *warnings,
            *from_metrics,
            *scorer_warning(single, graded.about, graded.counts),
            *slice_warnings(slices),
        ),
    )
    details = details_of(single, graded.about, graded.counts)
    return _with_members_that_apply(made, graded, decides, slices).model_copy(update=details)


def _with_members_that_apply(made: Scores, graded: Graded, decides: str | None, slices: tuple[Slices, ...]) -> Scores:
    """The scores with the members that not every evaluation has. Members that do not apply stay out of the file."""
    samples = max((len(record.single_answers) for record in graded.records), default=1)
    members = {
        "decides": decides or None,
        "samples": samples if samples > 1 else None,
        "groups": graded.groups or None,
        "documents": graded.documents,
        "slices": slices if graded.slices else None,
    }
    return made.model_copy(update={name: value for name, value in members.items() if value is not None})


def _complete_scores(measure: Measure, records: Sequence[QuestionScores], options: _Options) -> MeasureScores:
    """The scores by a measure, with the comparisons with others than the base model, and what each judge says."""

    def scores_of(part: Sequence[QuestionScores]) -> MeasureScores:
        return _measure_scores(measure, part, options)

    scores = _with_others(scores_of(records), measure, records, options)
    return with_judges(scores, measure.name, records, scores_of, options.seed)


def _slices(graded: Graded, measured: Sequence[Measure], options: _Options) -> tuple[Slices, ...]:
    """The results by each field of the slices, by the measures that say which model is better."""

    def scores_of(part: Sequence[QuestionScores]) -> dict[str, MeasureScores]:
        return {measure.name: _measure_scores(measure, part, options) for measure in measured}

    return tuple(slices_by(field, graded.records, scores_of, options.names) for field in graded.slices)


def facts_of_scorer(scores: Scores) -> MetricFacts:
    """What these scores say of the measures of the deployer's own scorer."""
    prefix, known = OWN_MEASURES["scorer"], scores.metrics
    return MetricFacts(
        range=known["scorer"].range if "scorer" in known else None,
        measures={
            name.removeprefix(prefix): OwnMeasure(range=measure.range, better=measure.better)
            for name, measure in known.items()
            if name.startswith(prefix) and measure.range and measure.better
        },
    )


def _pairs(
    measure: Measure, records: Sequence[QuestionScores], base: ContestantName, other: ContestantName
) -> tuple[list[Number], list[Number], list[str]]:
    """The values of the questions that have a score for both contestants, and the names of their groups."""
    bases, others, groups = [], [], []
    for record in records:
        one, two = (record.of(name).counted(measure.name, measure.worst) for name in (base, other))
        if one is not None and two is not None:
            bases.append(one)
            others.append(two)
            groups.append(record.unit)
    return bases, others, groups


def _measured(records: Sequence[QuestionScores], scorer: MetricFacts) -> list[Measure]:
    """The measures of the records: in the order of the metrics' names (see `all_metrics`), then the dataset's own."""
    answers = [answer for record in records for answer in record.by_contestant.values()]
    found = dict.fromkeys(name for answer in answers for name in answer.measures)
    labelled = any(record.label is not None for record in records)
    known = measures()
    if scorer.range:
        known["scorer"] = replace(known["scorer"], range=scorer.range)
    fixed = [each for name, each in known.items() if name in found or (name == "macro_f1" and labelled)]
    own = [
        measure(name.removeprefix(OWN_MEASURES[metric]))
        for metric, measure in (("extraction", field_measure), ("scorer", _scorer_measures(scorer)))
        for name in found
        if name.startswith(OWN_MEASURES[metric])
    ]
    return [*fixed, *own]


def _scorer_measures(scorer: MetricFacts) -> Callable[[str], Measure]:
    """Makes a measure of the deployer's own scorer from its name."""
    known = scorer.measures or {}
    return lambda name: (
        scorer_measure(name, known[name].range, known[name].better) if name in known else scorer_measure(name)
    )


def _difference(
    measure: Measure,
    records: Sequence[QuestionScores],
    options: _Options,
    base: ContestantName = BASE,
    other: ContestantName = TUNED,
) -> PairedDifference:
    """The tuned model, or another contestant, compared with the base."""
    looks = options.looks_at(measure)
    if measure.of_all_answers:
        expected, answered, groups = _labels(records)
        found = compare_macro_f1(expected, answered[base], answered[other], options.seed, groups, looks)[0]
        return _counting_questions(found, records)
    bases, others, groups = _pairs(measure, records, base, other)
    difference = compare(bases, others, options.seed, groups, looks)
    if measure.better == "lower":  # a higher value has lost
        difference = difference.model_copy(update={"wins": difference.losses, "losses": difference.wins})
    return difference


def _with_others(
    scores: MeasureScores, measure: Measure, records: Sequence[QuestionScores], options: _Options
) -> MeasureScores:
    """The scores with the comparisons of the tuned model with every contestant, if there are others than base."""
    others = [name for name in scores.by_contestant if name != TUNED]
    if others == [BASE]:
        return scores
    differences = {name: _difference(measure, records, options, name) for name in others}
    return scores.model_copy(
        update={"compared": compared_with_all(measure, differences, options.names, scores.by_contestant)}
    )


def _with_pairs(
    scores: MeasureScores, measure: Measure, records: Sequence[QuestionScores], options: _Options
) -> MeasureScores:
    """The scores with the comparisons between the contestants beside the tuned model, of which one may be shipped."""
    differences = {
        (other, base): _difference(measure, records, options, base, other)
        for base, other in combinations(scores.compared, 2)
    }
    return scores.model_copy(
        update={"pairs": compared_pairs(measure, differences, options.names, scores.by_contestant)}
    )


def _measured_contestants(measure: Measure, records: Sequence[QuestionScores]) -> list[ContestantName]:
    """Base and tuned model, and the others that the measure applies to: a preference is between the two only."""
    return [
        name
        for name in contestants_in(records)
        if name in MAIN or measure.of_all_answers or any(measure.name in each.of(name).measures for each in records)
    ]


def _measure_scores(measure: Measure, records: Sequence[QuestionScores], options: _Options) -> MeasureScores:
    """All contestants by a measure, and the comparison of the tuned model with the base model."""
    if measure.of_all_answers:
        return _macro_f1_scores(measure, records, options)
    difference, looks = _difference(measure, records, options), options.looks_at(measure)
    members: dict[str, Any] = {
        "label": measure.label,
        "range": measure.range,
        "better": measure.better,
        "by_contestant": {
            name: _aggregate(measure, records, name, looks) for name in _measured_contestants(measure, records)
        },
        "difference": difference.mean,
        "comparison": difference.comparison,
    }
    references = [(record.reference or {}).get(measure.name) for record in records]
    known = [value for value in references if value is not None]
    # Members that do not apply to a measure are not set, so that the file does not have them.
    if known:
        members["references"] = Aggregate(mean=mean_and_error(known)[0])
    if measure.name == "preference" and (adjusted := _at_equal_length(measure, records)):
        members["equal_length"] = adjusted
    if measure.worst is not None:
        sides = [members["by_contestant"][name] for name in MAIN]
        members["conclusion"] = conclude(measure, difference, options.names, sides)
    return MeasureScores(**members)


def _at_equal_length(measure: Measure, records: Sequence[QuestionScores]) -> EqualLength | None:
    """The preference at equal length, of the questions that both models answered."""
    gains, longer, groups = [], [], []
    for record in records:
        gain, lengths = record.difference(measure.name), [record.of(name).characters for name in (BASE, TUNED)]
        if gain is not None and lengths[0] is not None and lengths[1] is not None:
            gains.append(gain)
            longer.append(float(lengths[1] - lengths[0]))
            groups.append(record.unit)
    return at_equal_length(gains, longer, groups)


def _macro_f1_scores(measure: Measure, records: Sequence[QuestionScores], options: _Options) -> MeasureScores:
    """Macro F1 of the contestants. An answer that was not given is no label, so it is wrong."""
    looks = options.looks_at(measure)
    labelled = [record for record in records if record.label is not None]
    expected, answered, groups = _labels(records)
    difference, base_error, tuned_error = compare_macro_f1(
        expected, answered[BASE], answered[TUNED], options.seed, groups, looks
    )
    difference = _counting_questions(difference, records)
    errors = {BASE: base_error, TUNED: tuned_error}
    for name in answered.keys() - errors.keys():
        errors[name] = compare_macro_f1(expected, answered[name], answered[TUNED], options.seed, groups)[1]
    aggregates = {
        name: Aggregate(
            mean=(mean := macro_f1(expected, answered[name])),
            standard_error=error,
            interval=interval_of_estimate(mean, error, groups, measure.range, looks),
            n=len(labelled),
            missing=sum(record.of(name).failed for record in labelled),
            failed=sum(record.of(name).failed for record in labelled),
            **_label_requests(labelled, name),
        )
        for name, error in ((name, errors[name]) for name in answered)
    }
    return MeasureScores(
        label=measure.label,
        range=measure.range,
        better=measure.better,
        by_contestant=aggregates,
        difference=difference.mean,
        comparison=difference.comparison,
        conclusion=conclude(measure, difference, options.names, [aggregates[name] for name in MAIN]),
    )


def _counting_questions(found: PairedDifference, records: Sequence[QuestionScores]) -> PairedDifference:
    """A comparison of all answers with the number of questions: several answers to one are no group of questions."""
    units = [record.unit for record in records if record.label is not None]
    groups = len(set(units))
    return found.model_copy(update={"n": len(units), "groups": groups if groups < len(units) else None})


def _label_requests(records: Sequence[QuestionScores], contestant: ContestantName) -> dict[str, int]:
    """How many answers were asked for, and how many were not given, if questions were asked several times."""
    if not any(record.of(contestant).repeats for record in records):
        return {}
    answers = [each.of(contestant) for record in records for each in record.single_answers]
    return {"requests": len(answers), "requests_failed": sum(answer.failed for answer in answers)}


def _labels(
    records: Sequence[QuestionScores],
) -> tuple[list[str], dict[ContestantName, list[str | None]], list[str]]:
    """The labels of the references, those of each contestant's answers, and the names of the questions' groups."""
    labelled = [each for record in records if record.label is not None for each in record.single_answers]
    answered = {name: [answered_label(record.of(name)) for record in labelled] for name in contestants_in(records)}
    return [str(record.label) for record in labelled], answered, [record.unit for record in labelled]


def _aggregate(
    measure: Measure, records: Sequence[QuestionScores], contestant: ContestantName, looks: Looks | None
) -> Aggregate:
    """One contestant's mean by a measure, with its interval. Answers that were not given count as the worst."""
    answers = [record.of(contestant) for record in records]
    values = [answer.counted(measure.name, measure.worst) for answer in answers]
    present = [value for value in values if value is not None]
    groups = [record.unit for record, value in zip(records, values, strict=True) if value is not None]
    mean, error = mean_and_error(present, groups)
    # A measure that does not apply to a question is absent from its record.
    applies = [answer for answer in answers if measure.name in answer.measures]
    return Aggregate(
        mean=mean,
        standard_error=error,
        interval=interval_of_estimate(mean, error, groups, measure.range, looks),
        n=len(present),
        missing=sum(answer.measures[measure.name] is None for answer in applies),
        failed=sum(answer.failed for answer in applies),
        **of_repeats(answers, measure),
    )
