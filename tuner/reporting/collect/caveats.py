"""Lists the limits of the scores in sentences: warnings, and how reliable the judge was."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from tuner.artifacts.costs.cost_items import CostItemId
from tuner.artifacts.costs.token_reservation import judge_batch
from tuner.artifacts.evaluation.contestants import title_of
from tuner.artifacts.evaluation.measure_scores import MeasureScores
from tuner.artifacts.evaluation.metric_details import JudgeDetails, PreferenceDetails
from tuner.artifacts.evaluation.people import UNNAMED, HumanScores, JudgeAgreement
from tuner.artifacts.evaluation.verdict import VerdictValue
from tuner.artifacts.report import Report
from tuner.catalog import judge_or_assumed
from tuner.core.artifact_keys import Keys
from tuner.core.wording import plural
from tuner.reporting.formatting import alpha_in_words, kappa_in_words, measure_title, number

_NAMED_REVIEWERS = 5
_SHOWN_FILES = 5


def caveats(report: Report) -> tuple[str, ...]:
    """The limits of the scores: notes and warnings of the steps, questions of the validation data, unused files."""
    estimate = report.estimate.warnings if report.estimate else ()
    notes = (
        *report.verdict.notes,
        *estimate,
        *report.scoring.warnings,
        *_shared_questions(report),
        *_reuse(report),
        *repeats_caveats(report.scores.get(report.verdict.metric or ""), answers_each(report)),
        *batch_caveats(report),
        *unused_file_sentences(report),
    )
    return tuple(dict.fromkeys(note for note in notes if note not in report.verdict.sentence))


def judge_caveats(report: Report) -> tuple[str, ...]:
    """How reliable the judge was: unusable grades, possible bias, and agreement with people."""
    judge, preference = report.scoring.judge, report.scoring.preference
    return (
        *(unusable_judgments(judge) if judge else ()),
        *(_asked_in_batch(report, judge) if judge else ()),
        *_same_vendor(report),
        *bias_caveats(report.scores, preference),
        *(people_caveats(report.people) if report.people else ()),
    )


def bias_caveats(measures: Mapping[str, MeasureScores], preference: PreferenceDetails | None) -> Iterator[str]:
    """How far several judges agree, and what the order and the length of the answers may have changed."""
    yield from _several(measures)
    if preference:
        yield from _order(preference)
        yield from _length(preference)
    yield from _equal_length(measures, preference)


def measure_correlations(report: Report) -> tuple[tuple[str, str, float, int], ...]:
    """(one measure, another, rank correlation, questions) for each pair of measures, by their labels."""
    labels = {name: measure.label or measure_title(name) for name, measure in report.scores.items()}
    return tuple((labels.get(e.one, e.one), labels.get(e.other, e.other), e.rho, e.n) for e in report.agreement)


def unused_file_sentences(report: Report) -> Iterator[str]:
    """The files that lay in the dataset's folder and were not used because of their names."""
    findings = report.findings.findings if report.findings else ()
    found = [finding for finding in findings if finding.rule in ("unused-file", "python-file")]
    yield from (f"{finding.file} {finding.message} {finding.remedy}" for finding in found[:_SHOWN_FILES])
    if len(found) > _SHOWN_FILES:
        yield f"{plural(len(found) - _SHOWN_FILES, 'more file')} of the dataset's folder were not used."


def _shared_questions(report: Report) -> Iterator[str]:
    """The evaluation questions that are also in the validation data, which can decide when the training ends."""
    summary = report.dataset_summary
    shared = summary.study.shared_with_validation if summary and summary.study else None
    if shared:
        yield shared.sentence


def batch_caveats(report: Report) -> Iterator[str]:
    """The contestants whose latency is not known because of a batch job, and what a job did not answer."""
    items = report.estimate.items if report.estimate else ()
    for name in (item.contestant for item in items if item.id == CostItemId.BATCH_INPUT and item.contestant):
        first = [answer for question in report.questions if (answer := question.of(name))]
        answers = [*first, *(each for answer in first for each in answer.further)]
        by_call = sum(not answer.batch for answer in answers)
        if by_call < len(answers):
            yield f"The latency of {title_of(name)} in a batch job is not known."
        if by_call:
            yield (
                f"The batch job of {title_of(name)} did not give {by_call:,} of {len(answers):,} answers: these were "
                f"asked for by calls, at the full price. batch/{name}/job.json in the run's folder says why."
            )


def repeats_caveats(measure: MeasureScores | None, each: str) -> Iterator[str]:
    """How many answers each question has, and how much they differ by the measure that decides.

    `each` is in words (`answers_in_words`). Nothing if every question has one answer.
    """
    spreads = (measure.base.spread_of_repeats, measure.tuned.spread_of_repeats) if measure else (None, None)
    if measure and measure.tuned.requests and spreads == (None, None):  # a measure of all answers together
        yield (
            f"Every question was asked {each} times. {measure.label} counts every answer, and the answers to one "
            "question are one observation."
        )
    if measure and spreads[0] is not None and spreads[1] is not None:
        yield (
            f"Every question was asked {each} times, and the mean of its answers counts once. By "
            f"{measure.label}, the answers to the same question differ by {number(spreads[0])} (base model) and "
            f"{number(spreads[1])} (tuned model), as standard deviations."
        )


def answers_each(report: Report) -> str:
    """How many answers each question of a report has, in words."""
    counts = (1 + len(question.tuned.further) for question in report.questions if question.tuned)
    return answers_in_words(counts, report.scoring.samples)


def answers_in_words(counts: Iterable[int], most: int) -> str:
    """How many answers the questions have, `most` or fewer: `3`, or `1 to 3` where some have fewer."""
    given = set(counts)
    return f"{min(given)} to {most}" if len(given) > 1 else str(most)


def _reuse(report: Report) -> Iterator[str]:
    """How often the same questions decided before: the more often, the easier a model passes by luck."""
    if report.scoring.reuse:
        yield report.scoring.reuse.sentence


def _asked_in_batch(report: Report, judge: JudgeDetails) -> Iterator[str]:
    """Which judges were asked in batch jobs, what that changes, and what the jobs did not give."""
    for place, each in enumerate(judge.all):
        item = each.model if judge.each else None
        if report.estimate is None or report.estimate.find(CostItemId.JUDGE_BATCH_INPUT, item) is None:
            continue
        if each.as_text:
            yield (
                f"The judge {each.name} was asked for JSON as text instead of by a tool call, because batch jobs have "
                "no tools. Its grades are not compared with those of runs that asked it otherwise."
            )
        if by_call := each.asked - each.in_batch:
            yield (
                f"The batch job of the judge {each.name} did not give {by_call:,} of "
                f"{plural(each.asked, 'judgment')}: these were asked for by calls, at the full price. "
                f"{Keys.batch(judge_batch(place))}job.json in the run's folder says why."
            )


def unusable_judgments(judge: JudgeDetails) -> Iterator[str]:
    """How many judgments are missing, or that none is."""
    if judge.asked and judge.missing:
        yield (
            f"{judge.missing:,} of {plural(judge.asked, 'judgment')} could not be used. They count as missing, not "
            "as a grade."
        )
    elif judge.asked:
        yield f"All {plural(judge.asked, 'judgment')} could be used."


def _same_vendor(report: Report) -> Iterator[str]:
    """Panickssery et al., "LLM Evaluators Recognize and Favor Their Own Generations", 2024."""
    judge, base = report.scoring.judge, report.models.base
    if not (judge and base and base.id):
        return
    # The id of a foundation model begins with its vendor: `amazon.nova-micro-v1:0`.
    vendor = base.id.split(".")[0]
    known = [judge_or_assumed(each.model) for each in judge.all if not each.stand_in]
    for each in known:
        if each.vendor == vendor:
            which = f"The judge {each.name}" if judge.each else "The judge"
            yield (
                f"{which} and the tuned model are from the same vendor ({vendor}). Judges tend to favour answers in "
                "their own style. This may favour the base model, because the tuning changes the style."
            )
    for each in known:
        if each.assumed:
            yield f"The catalog does not list the judge {each.id}, so it was called like other models of its vendor."


def _several(measures: Mapping[str, MeasureScores]) -> Iterator[str]:
    """How far several judges agree, and how often one of them gave no judgment."""
    for name, measure in measures.items():
        found, label = measure.judges, measure.label or measure_title(name)
        if found is None:
            continue
        if found.alpha is not None:
            units = plural(found.n, "question" if name == "preference" else "answer")
            yield (
                f"{label}: {len(found.each)} judges. Krippendorff's alpha of their judgments of {units} is "
                f"{number(found.alpha)}{_interval(found.alpha_interval)}: {alpha_in_words(found.alpha)}. 1 is full "
                "agreement, 0 is what chance gives."
            )
        if found.incomplete:
            yield (
                f"{label}: in {plural(found.incomplete, 'question')}, a judge gave no usable judgment. There the mean "
                "is that of the judges who judged every answer to the question."
            )
        values = {each.conclusion.value for each in found.each if each.conclusion}
        if {"better", "worse"} <= values:
            yield f"{label}: the judges contradict each other. One finds the tuned model better, another one worse."


def _order(preference: PreferenceDetails) -> Iterator[str]:
    if preference.compared:
        yield (
            "The judge saw the two answers in both orders. Its preference changed with the order in "
            f"{preference.flipped:,} of {plural(preference.compared, 'comparison')}, which count as ties."
        )


def _length(preference: PreferenceDetails) -> Iterator[str]:
    if preference.decided:
        decided = plural(preference.decided, "decided comparison")
        yield f"The judge preferred the longer answer in {preference.longer_won:,} of {decided}."


def _equal_length(measures: Mapping[str, MeasureScores], preference: PreferenceDetails | None) -> Iterator[str]:
    """The preference if both answers were of the same length, and when it differs from the raw one."""
    measure = measures.get("preference")
    found = measure.equal_length if measure else None
    if measure is None or found is None:
        if preference and preference.longer_won:
            yield (
                "How much of this preference is due to length cannot be estimated. There are too few questions, or "
                "one model's answers are longer by about the same number of characters for every question."
            )
        return
    low, high = (number(end, signed=True) for end in found.interval)
    yield (
        f"The tuned model's answers are {_how_long(found.mean_longer)} on average. For answers of equal length, the "
        f"difference in preference is {number(found.difference, signed=True)} (95 % interval {low} to {high}) instead "
        f"of {number(measure.difference, signed=True)}: {found.conclusion}."
    )
    if found.extrapolated:
        yield (
            "One model's answers are longer for every question. So the preference at equal length is beyond what was "
            "seen, and only a guess."
        )
    elif found.conclusion != measure.conclusion_value:
        yield (
            f"Without the adjustment, the preference is {measure.conclusion_value}. "
            f"{_what_length_can_do(measure.conclusion_value, found.conclusion)} Judges tend to prefer longer answers, "
            "but a longer answer can also be better because it says more. Read some answers, or let people score a "
            "random sample."
        )


def _how_long(longer: float) -> str:
    """How much longer the tuned model's answers are than the base model's, in words."""
    characters = plural(round(abs(longer)), "character")
    return (
        f"{'longer' if longer > 0 else 'shorter'} by {characters}" if round(longer) else "as long as the base model's"
    )


def _what_length_can_do(raw: VerdictValue, adjusted: VerdictValue) -> str:
    """Why a preference and that at equal length can differ. Other reasons than the length are not excluded."""
    if raw == "undecided":
        return "The difference in length may hide a preference."
    if adjusted == "undecided":
        return "The difference in length may be the reason for it, or the adjusted interval is only wider."
    return "The difference in length may be the reason for it."


def people_caveats(people: HumanScores) -> Iterator[str]:
    """How many answers people scored, why their scores correct nothing yet, and how far judge and people agree."""
    named = people.reviewers[:_NAMED_REVIEWERS]
    more = [f"{len(people.reviewers) - len(named):,} more"] if len(people.reviewers) > len(named) else []
    who = f" ({', '.join([*named, *more])})" if named not in ((), (UNNAMED,)) else ""
    yield f"People{who} scored {people.answers:,} of {plural(people.of_answers, 'answer')}."
    if people.unused_scale:
        yield people.unused_scale
    if people.of_several_answers:
        yield people.of_several_answers
    if people.undecided:
        yield people.undecided
    if people.judge_agreement and people.judge_agreement.n:
        yield from _judge_agreement(people.judge_agreement, of_all=people.answers == people.of_answers)
    if people.agreement and people.agreement.alpha is not None:
        found, value = people.agreement, people.agreement.alpha
        yield (
            f"Of {plural(found.n, 'answer')} that several people scored, Krippendorff's alpha of their scores is "
            f"{number(value)}{_interval(found.alpha_interval)}: {alpha_in_words(value)}. 1 is full "
            "agreement, 0 is what chance gives. A judge can hardly agree with people more than they do with each other."
        )


def _judge_agreement(found: JudgeAgreement, *, of_all: bool) -> Iterator[str]:
    # `of_sample` is false for too few scores of a random sample too: they are not treated as a sample.
    chosen = "drawn at random" if found.of_sample else "that are no random sample and can be the most difficult ones"
    where = "" if of_all else f" to questions {chosen}"
    if found.kappa is not None:
        yield (
            f"Of {plural(found.n, 'answer')}{where}, Cohen's kappa of the judge's and people's scores is "
            f"{number(found.kappa)}{_interval(found.kappa_interval)}: {kappa_in_words(found.kappa)} agreement, in the "
            "words of Landis and Koch. 1 is full agreement, 0 is what two such raters would reach by chance."
        )
    if found.mean_difference is not None:
        ranks = "" if found.rho is None else f"; the rank correlation is {number(found.rho)}"
        difference = f"the judge's grade minus people's is {number(found.mean_difference, signed=True)} on average"
        by_model = [
            f"{number(each, signed=True)} for {title_of(name)}" for name, each in found.mean_differences.items()
        ]
        models = f": {' and '.join(by_model)}" if len(by_model) > 1 else ""
        yield f"For the {plural(found.n, 'answer')} that both scored, {difference}{models}{ranks}."


def _interval(interval: tuple[float, float] | None) -> str:
    return f" (95 % interval {number(interval[0])} to {number(interval[1])})" if interval else ""
