"""Says what to do after a run: rules that look at the verdict, the gate, the training, the coverage and the failure.

Each rule is a function that yields a step or nothing. `_RULES` has them in the order in which a reader needs them.
First comes what costs money now, second what to do with the model, and last what would make the next run better.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

from tuner.artifacts.evaluation.contestants import (
    BASE,
    BEST,
    FEW_SHOT,
    RETRIEVAL,
    RETRIEVAL_TUNED,
    TUNED,
    ContestantName,
    title_of,
)
from tuner.artifacts.report import Answer, NextStep, Question, Report
from tuner.artifacts.report.contestants import Recommendation
from tuner.core.artifact_keys import Keys
from tuner.core.run import again_command
from tuner.core.text_sanitizer import is_blank
from tuner.core.wording import plural
from tuner.reporting.advice.usable_level import USABLE, deciding_measure, level_sentence
from tuner.reporting.collect.training_diagnosis import fit
from tuner.reporting.formatting import integer, number, range_limit

# A model hardly learns a subject with fewer training records.
_FEW_RECORDS = 3
_SHOWN_SUBJECTS = 5
_SETTLED = ("ApprovalExpiredError", "ApprovalRejectedError")
_SETTINGS = ("SettingsError", "ModelUnavailableError", "CommitmentNotAllowedError", "BudgetExceededError")

_REMEDIES = {
    FEW_SHOT: "add training records or raise 'few_shot.examples', or choose a larger base model",
    RETRIEVAL: "improve the documents or raise 'retrieval.passages', or choose a larger base model",
    RETRIEVAL_TUNED: "improve the documents and the training data",
    BEST: "improve the training data, and tune again",
}

Rule = Callable[[Report], Iterator[NextStep]]


def next_steps(report: Report) -> tuple[NextStep, ...]:
    """The steps of all rules that apply, in the order of the rules."""
    return tuple(step for rule in _RULES for step in rule(report))


def _release(report: Report) -> Iterator[NextStep]:
    """An endpoint that is not known to be released costs money by the hour."""
    serving = report.serving
    if serving and not serving.released_at and not serving.kept_until and serving.kind == "provisioned":
        yield NextStep(
            rule="release",
            action="Check whether the provisioned throughput still exists, and release it.",
            reason="It is not known to be released, and it is paid for by the hour.",
            commands=(_tuner(report, "throughput"), _tuner(report, f"throughput release {serving.arn}")),
        )


def reason_if_new(report: Report, step: NextStep) -> str:
    """The reason of a step, for readers who have the failure or recommendation above it. Empty if it repeats them."""
    failure = report.failure.message if report.failure else ""
    recommended = report.recommendation.sentence if report.recommendation else ""
    return "" if step.reason in (failure, failure.partition("\n")[0], recommended) else step.reason


def _failed(report: Report) -> Iterator[NextStep]:
    """The error's class decides what helps."""
    if report.failure is None or report.status in ("ABORTED", "TIMED_OUT"):
        return
    error, again = report.failure.error, _again(report)
    first = report.failure.message.splitlines()[0]
    if error == "DatasetError":
        errors = report.findings.errors if report.findings else 0
        what = f"the {plural(errors, 'error')} in the dataset" if errors else "the dataset"
        action = f"Correct {what} and upload it again, which starts a run."
        yield NextStep(rule="fix-dataset", action=action, reason=first, commands=(open_report(report),))
    elif error in _SETTINGS:
        action = (
            "Correct run.yaml and upload it again, which starts a run; or correct the deployment's settings, and run "
            "the same content again."
        )
        yield NextStep(rule="fix-settings", action=action, reason=first, commands=(again,))
    elif error in _SETTLED:
        action = "Run again when somebody can approve the cost, or lower it."
        yield NextStep(rule="approve", action=action, reason=first, commands=(again,))
    elif error == "QuotaError":
        action = "Ask AWS to raise the quota, then run again."
        yield NextStep(rule="raise-quota", action=action, reason=first, commands=(_tuner(report, "doctor"), again))
    elif error == "CustomizationFailedError":
        action = (
            "Correct the data or the setting that Bedrock's message names. If it names none, run the same content "
            "again: the training starts anew. If it fails again, ask AWS Support, with the name of the job."
        )
        show = _tuner(report, f"show {report.run_id}")
        yield NextStep(rule="look-up-failure", action=action, reason=first, commands=(show, again))
    else:
        action = "Do what the message says, then run again. A finished training is used again and not paid twice."
        show = _tuner(report, f"show {report.run_id}")
        yield NextStep(rule="look-up-failure", action=action, reason=first, commands=(show, again))


def _stopped(report: Report) -> Iterator[NextStep]:
    """A run that was stopped or took too long can be repeated."""
    if report.status in ("ABORTED", "TIMED_OUT"):
        trained = report.training is not None and report.training.custom_model_arn is not None
        reason = "The run was stopped." if report.status == "ABORTED" else "The run reached its time limit."
        kept = " Its model exists, so the training is not paid again." if trained else " No model was made."
        action = "Run the same content again when you want its result."
        yield NextStep(rule="start-again", action=action, reason=reason + kept, commands=(_again(report),))


def _not_evaluated(report: Report) -> Iterator[NextStep]:
    if report.status == "SUCCEEDED" and not report.scores:
        yield NextStep(
            rule="evaluate",
            action="Evaluate the model before you use it: upload run.yaml without 'serving: none', which starts a run.",
            reason="Nobody knows yet whether the model is better. The run uses the trained model again.",
        )


def _failed_answers(report: Report) -> Iterator[NextStep]:
    """Missing and empty answers count as the worst score, whatever the reason is."""
    missing = _unanswered(report)
    if report.scores and missing:
        (name, count), *others = missing.items()
        also = "".join(f", {other} to {number}" for other, number in others)
        of_all = f"{count} of {plural(len(report.questions), 'question')}{also}"
        yield NextStep(
            rule="read-failed-answers",
            action="Find out why answers are missing before you trust the scores.",
            reason=f"{name.capitalize()} gave no answer to {of_all}. They count as the worst score.",
        )


def _unanswered(report: Report) -> dict[str, int]:
    """How many questions a model did not answer, or with an empty text, by the model's name; none where it is none."""
    sides = {
        "the base model": [question.base for question in report.questions],
        "the tuned model": [question.tuned for question in report.questions],
    }
    counts = ((name, sum(1 for side in found if side and _is_missing(side))) for name, found in sides.items())
    return {name: count for name, count in counts if count}


def _is_missing(side: Answer) -> bool:
    return side.failed or is_blank(side.answer or "")


def _recommended(report: Report) -> Iterator[NextStep]:
    """What to do with the contestants: the recommendation decides, see `recommendation`."""
    found = report.recommendation
    if found is None:
        return
    if found.outcome == "ship" and found.contestant:
        yield _shipped(report, found.contestant, found)
    elif found.outcome == "none" and report.gate is None:
        yield NextStep(rule="improve-first", action=_improvement(found), reason=found.sentence)
    elif found.outcome == "undecided" and report.verdict.value != "undecided" and _some_may_ship(found):
        action = "Decide by the costs before you serve the tuned model, or ask more questions."
        yield NextStep(rule="compare-costs", action=action, reason=found.sentence)
    elif found.outcome == "undecided" and report.verdict.value == "better" and report.gate is None:
        action = "Do not use the tuned model yet: ask more questions, or improve the training data and tune again."
        yield NextStep(rule="improve-first", action=action, reason=found.sentence)


def _improvement(found: Recommendation) -> str:
    """What to improve where nobody is good enough: what the best one is made of."""
    best = next((each for each in found.standings if each.quality == "best"), None)
    if best is None or best.contestant == TUNED:
        return "Do not use the model yet: improve the training data, and tune again."
    remedy = _REMEDIES.get(best.contestant, "choose a larger base model")
    return f"Do not use the tuned model: {best.title} is better, but not good enough yet. To improve it, {remedy}."


def _shipped(report: Report, contestant: ContestantName, found: Recommendation) -> NextStep:
    """Use the recommended contestant. The reason is about its quality: the recommendation itself has its costs."""
    if contestant == TUNED:
        # The scores of files name no model, so their page has no such section.
        model = report.models.tuned
        how = " 'How to call the model' has the commands." if model and model.arn else ""
        action = f"Use the tuned model.{how}"
        facts = (report.gate.sentence if report.gate else report.verdict.sentence, level_sentence(report) or "")
        return NextStep(rule="accept", action=action, reason=" ".join(filter(None, facts)))
    standing = next(each for each in found.standings if each.contestant == contestant)
    reason = f"{standing.title[0].upper()}{standing.title[1:]}: {standing.reason}."
    if contestant == BASE:
        return NextStep(rule="keep-the-base", action="Keep the base model: do not use the tuned one.", reason=reason)
    alone = " alone" if contestant == RETRIEVAL_TUNED else ""
    action = f"Use {title_of(contestant)} instead of the tuned model{alone}."
    use = next((each for each in report.contestants if each.name == contestant), None)
    if use and use.context:
        reason += f" Build your prompts like those of the run: {Keys.contexts(contestant)} has what they contained."
    return NextStep(rule="prefer-contestant", action=action, reason=reason)


def _some_may_ship(found: Recommendation) -> bool:
    return any(each.may_ship == "yes" for each in found.standings)


def _gate_refused(report: Report) -> Iterator[NextStep]:
    """The custom model that the gate does not accept must not be used, whoever else is recommended."""
    if report.gate and report.scores and report.gate.decision in ("rejected", "undecided"):
        action = "Do not use the model yet." if report.gate.decision == "undecided" else "Do not use the model."
        yield NextStep(rule="keep-out", action=action, reason=report.gate.sentence)


def _guard(report: Report) -> Iterator[NextStep]:
    """What the tuned model lost beside what it was tuned for."""
    guard = report.guard
    if guard is None or guard.value != "worse":
        return
    lost = [finding.sentence for finding in guard.findings if finding.value == "worse"]
    yield NextStep(
        rule="check-what-was-lost",
        action="Decide whether the loss matters where the model is used. If it does, tune again with fewer epochs or a "
        "lower learning rate, or add training records of what was lost.",
        reason=" ".join(lost),
    )


def _earlier(report: Report) -> Iterator[NextStep]:
    earlier, name = report.earlier, report.verdict.metric
    measure = earlier.metrics.get(name) if earlier and name else None
    if earlier and measure and measure.conclusion_value == "worse":
        yield NextStep(
            rule="keep-the-earlier",
            action=f"Use the model of the run {earlier.run_id} instead.",
            reason=f"It is better: {measure.conclusion.sentence if measure.conclusion else ''}",
            commands=(_tuner(report, f"report {earlier.run_id}"),),
        )


def _more_questions(report: Report) -> Iterator[NextStep]:
    found = report.recommendation
    if report.verdict.value != "undecided" or (found and found.outcome in ("ship", "none")):
        return
    deciding = deciding_measure(report)
    if deciding and deciding[1].is_mostly_missing:
        return  # more questions would not help
    more = report.verdict.more_questions
    if more:
        action = f"Ask {plural(more, 'more question')}: add them to the evaluation file and upload it again."
        reason = (
            "With the questions of this run, the difference may be chance. Add them once: whoever adds questions again "
            "and again until a run decides calls equal models different too often."
        )
        yield NextStep(rule="ask-more-questions", action=action, reason=reason)
    elif report.scores and report.verdict.metric:
        yield NextStep(
            rule="keep-the-base",
            action="Keep the base model, which costs less: more questions would not decide.",
            reason=report.verdict.sentence,
        )


def _epochs(report: Report) -> Iterator[NextStep]:
    found = fit(report.training) if report.training else None
    if found is None or not report.scores:
        return
    if found.kind == "overfitting":
        best, epochs = integer(found.best.epoch), plural(found.best.epoch, "epoch")
        yield NextStep(
            rule="train-fewer-epochs",
            action=f"Train {epochs}: set 'hyperparameters: {{epochCount: {best}}}'{_whose(report)} in run.yaml.",
            reason=f"The validation loss was lowest after epoch {best} ({number(found.best.validation_loss)}) and rose "
            f"to {number(found.last.validation_loss)} after epoch {integer(found.last.epoch)}.",
        )
    elif found.kind == "underfitting" and not (report.training and report.training.stopped_early):
        last = number(found.last.validation_loss)
        yield NextStep(
            rule="train-longer",
            action=f"Train more epochs: raise 'epochCount' under 'hyperparameters'{_whose(report)} in run.yaml.",
            reason=f"The validation loss was still falling in the last epoch (to {last}).",
        )


def _whose(report: Report) -> str:
    """Says of which hyperparameters a step speaks: those of candidates override the run's own."""
    return " of the candidates" if report.training and report.training.candidates else ""


def _subjects(report: Report) -> Iterator[NextStep]:
    """Subjects with few training records whose questions the tuned model does not answer well."""
    weak = [question for question in report.questions if _is_weak(question, report)]
    if not weak:
        return
    subjects = list(dict.fromkeys(", ".join(question.coverage.subject) for question in weak if question.coverage))
    shown = "; ".join(subjects[:_SHOWN_SUBJECTS])
    more = f" and {len(subjects) - _SHOWN_SUBJECTS} more" if len(subjects) > _SHOWN_SUBJECTS else ""
    yield NextStep(
        rule="collect-subjects",
        action=f"Collect more training records about: {shown}{more}.",
        reason=f"{plural(len(weak), 'question')} without a good answer {'asks' if len(weak) == 1 else 'ask'} about a "
        f"subject of fewer than {_FEW_RECORDS} training records.",
    )


def _is_weak(question: Question, report: Report) -> bool:
    coverage = question.coverage
    if coverage is None or not coverage.subject or coverage.records >= _FEW_RECORDS or question.outcome is None:
        return False
    deciding = deciding_measure(report)
    score = question.tuned.scores.get(deciding[0]) if question.tuned and deciding else None
    level = USABLE.get(deciding[0]) if deciding else None
    low = score is not None and level is not None and score < level
    return low or question.outcome != "win" or (question.tuned is not None and question.tuned.failed)


def _warnings(report: Report) -> Iterator[NextStep]:
    verdict = report.dataset_summary.verdict if report.dataset_summary else None
    if verdict and verdict.fix_first and report.scores:
        yield NextStep(
            rule="fix-warnings",
            action="Correct what the check of the dataset found first.",
            reason=verdict.fix_first[0],
            commands=(open_report(report),),
        )


def _people(report: Report) -> Iterator[NextStep]:
    flagged = sum(bool(question.review) for question in report.questions)
    if not flagged or report.people or report.execution_arn is None:
        return
    yield NextStep(
        rule="ask-people",
        action=f"Ask people about {plural(flagged, 'question')}.",
        reason="The scores alone do not settle it: the measures disagree, the judge was unsure, or the answer names "
        "what the reference does not have.",
        commands=(
            _tuner(report, f"review export {report.run_id}"),
            _tuner(report, f"review import {report.run_id} review.csv"),
        ),
    )


def _gate(report: Report) -> Iterator[NextStep]:
    name = report.verdict.metric
    if report.scores and report.gate is None and report.execution_arn and name and report.verdict.value == "better":
        level = f"at_least: {range_limit(USABLE[name])}, " if name in USABLE else ""
        yield NextStep(
            rule="set-a-gate",
            action=f"Let later runs decide by themselves: add 'gate: {{{name}: {{{level}better_than: base}}}}' to "
            "run.yaml.",
            reason="This run had no gate, so its model carries no decision.",
        )


def _aws(report: Report) -> Iterator[NextStep]:
    if report.stand_ins and report.scores and report.execution_arn:
        yield NextStep(
            rule="run-on-aws",
            action="Run the dataset on AWS before you decide anything: docs/first-deployment.md.",
            reason="A local cloud replaced the models, so the scores say nothing about Amazon Bedrock's.",
        )


_RULES: tuple[Rule, ...] = (
    *(_release, _failed, _stopped, _not_evaluated),
    *(_recommended, _gate_refused, _guard, _earlier, _more_questions, _failed_answers),
    *(_epochs, _subjects, _warnings, _people, _gate, _aws),
)


def _again(report: Report) -> str:
    return for_place(report, again_command(report.run_id))


def open_report(report: Report) -> str:
    """The command that opens the report, which has all findings."""
    return _tuner(report, f"report {report.run_id}")


def _tuner(report: Report, arguments: str) -> str:
    return for_place(report, f"tuner {arguments}")


def for_place(report: Report, command: str) -> str:
    """The command as it is called where the run was: with `--local` for one on the local cloud."""
    return f"{command} --local" if report.models.base and report.models.base.stand_in else command
