"""Builds the report of a run from its artifacts. What the run did not write is absent from the report."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from datetime import datetime

from tuner import catalog
from tuner.artifacts.evaluation.contestants import MAIN, RETRIEVAL
from tuner.artifacts.evaluation.scores import PreviousBest, Scores
from tuner.artifacts.evaluation.verdict import Verdict
from tuner.artifacts.manifest import Manifest
from tuner.artifacts.report import EarlierRun, Failure, Question, Report, ScoringDetails, ServingEndpoint
from tuner.artifacts.report.break_even import BreakEven
from tuner.artifacts.report.contestants import ContestantUse
from tuner.artifacts.report.run_summary import RunStatus
from tuner.artifacts.serving import EndpointDetails, EndpointRecord
from tuner.aws.s3.run_folder import RunFolder
from tuner.core.artifact_keys import Keys
from tuner.core.errors import ArtifactError
from tuner.core.times import iso, now, seconds_since
from tuner.costs.ledger.spent import PaidUse, spent
from tuner.costs.monthly.break_even import assumptions, break_even
from tuner.reporting.advice.model_call import model_call
from tuner.reporting.advice.next_steps import next_steps
from tuner.reporting.advice.recommendation import recommendation
from tuner.reporting.collect.bill import Usage, bill
from tuner.reporting.collect.contestant_uses import contestant_uses, monthly_costs
from tuner.reporting.collect.model_names import named_models, stand_ins
from tuner.reporting.collect.questions import run_questions, with_coverage
from tuner.reporting.collect.release_state import job_sentence
from tuner.reporting.collect.run_artifacts import Reading, RunArtifacts, read_artifacts
from tuner.reporting.collect.timeline import timeline
from tuner.reporting.notify.failure_message import without_alarm

# What a lenient reading gives where the answers cannot be read.
_NO_QUESTIONS: tuple[Question, ...] = ()
_NO_USES: tuple[ContestantUse, ...] = ()


def build(
    folder: RunFolder,
    failure: Failure | None = None,
    status: RunStatus | None = None,
    execution_arn: str | None = None,
    at: datetime | None = None,
) -> Report:
    """The report of the run in `folder`.

    `status` is SUCCEEDED without a `failure` and FAILED with one, unless given. `execution_arn` is used when the run
    did not write run.json. Raises ArtifactError, naming the artifact, when one does not have the documented form. The
    report of a failure leaves such an artifact out and names it in `unreadable`.
    """
    ended = at or now()
    # The report of a failed run must be written, also when one of its artifacts is broken.
    reading = Reading(lenient=failure is not None)
    artifacts = read_artifacts(folder, reading)
    failure = _explained(failure, artifacts, reading, folder) if failure else None
    serving = _serving_endpoint(artifacts.serving, ended)
    models = named_models(artifacts.manifest, artifacts.training, serving, artifacts.scores, artifacts.generated)
    verdict = _verdict(failure, artifacts.scores)
    contestants = artifacts.manifest.contestant_names if artifacts.manifest else MAIN
    questions = reading.attempt(
        lambda: run_questions(folder, contestants, artifacts.scores, verdict.metric), _NO_QUESTIONS
    )
    written = _last_modified(folder, ended)
    uses = reading.attempt(lambda: _uses(folder, artifacts, questions, written), _NO_USES)
    report = Report(
        run_id=folder.run_id,
        # A run that was stopped or timed out has a status of its own.
        status=status or ("FAILED" if failure else "SUCCEEDED"),
        failure=failure,
        ended_at=iso(ended),
        folder=folder.uri(),
        stand_ins=tuple(stand_ins(models, artifacts.manifest)),
        models=models,
        serving=serving,
        bill=bill(artifacts.priced, _usage(folder, artifacts, serving, questions)),
        contestants=uses,
        break_even=_break_even(artifacts, questions),
        timeline=timeline(artifacts.manifest, written, artifacts.training, serving, artifacts.approval),
        # After everything that is read with `reading`.
        unreadable=tuple(reading.unreadable),
        verdict=verdict,
        questions=with_coverage(questions, artifacts.dataset_summary),
        execution_arn=execution_arn,
    )
    report = _with_artifacts(report, artifacts)
    report = _with_upper_limit(report, folder)
    return advised(report.model_copy(update={"model_call": model_call(report)}))


def _with_artifacts(report: Report, artifacts: RunArtifacts) -> Report:
    """The report with the artifacts that it shows as they are, and with what follows from run.json and scores.json."""
    bought = artifacts.commitment
    report = report.model_copy(
        update={
            "training": artifacts.training,
            "commitment": EndpointDetails.model_validate(bought, from_attributes=True) if bought else None,
            "estimate": artifacts.estimate,
            "approval": artifacts.approval,
            "dataset_summary": artifacts.dataset_summary,
            "findings": artifacts.findings,
            "generated": artifacts.generated,
            "gate": artifacts.gate if artifacts.gate and artifacts.gate.decision != "none" else None,
            "guard": artifacts.guard,
        }
    )
    if artifacts.manifest:
        costs = monthly_costs(artifacts.manifest, artifacts.priced, report.contestants)
        report = _with_manifest(report, artifacts.manifest).model_copy(update={"monthly_costs": costs})
    return with_scores(report, artifacts.scores) if artifacts.scores else report


def _explained(failure: Failure, artifacts: RunArtifacts, reading: Reading, folder: RunFolder) -> Failure:
    """The failure with the state of the job, and with a warning about costs only where something may be paid for."""
    message = failure.message
    if not _may_be_paid(failure, artifacts, reading):
        message = without_alarm(message)
    sentence = reading.attempt(lambda: job_sentence(folder), None)
    return failure.model_copy(update={"message": f"{message}\n{sentence}" if sentence else message})


def advised(report: Report) -> Report:
    """The report with the recommendation, and with what to do next, which follows from it."""
    report = report.model_copy(update={"recommendation": recommendation(report)})
    return report.model_copy(update={"next_steps": next_steps(report)})


def _may_be_paid(failure: Failure, artifacts: RunArtifacts, reading: Reading) -> bool:
    """Whether throughput of the run may still exist. A deployment on demand is paid for by the token only.

    A purchase is recorded after it was made, and its step may end between the two. So without a record, throughput may
    exist as soon as the run had a model to serve, unless Bedrock refused the purchase for a quota.
    """
    endpoint, manifest = artifacts.serving, artifacts.manifest
    if endpoint is not None:
        return endpoint.kind == "provisioned" and endpoint.released_at is None
    if any(name in sentence for sentence in reading.unreadable for name in (Keys.ENDPOINT, Keys.TRAINING_SUMMARY)):
        return True
    serves = manifest is None or manifest.settings.serving == "provisioned"
    return serves and artifacts.training is not None and failure.error != "QuotaError"


def _usage(
    folder: RunFolder, artifacts: RunArtifacts, serving: ServingEndpoint | None, questions: Iterable[Question]
) -> Usage:
    started = bool(folder.list(Keys.TRAINING_JOB) or folder.list(Keys.CANDIDATES))
    judge = artifacts.scores.judge if artifacts.scores else None
    guard = artifacts.guard.questions if artifacts.guard else ()
    has_scores = artifacts.scores is not None
    return Usage(artifacts.training, serving, tuple(questions), judge, artifacts.commitment, guard, started, has_scores)


def _with_upper_limit(report: Report, folder: RunFolder) -> Report:
    """The report with what the run spent at most, as the ledger will count it. A broken record leaves it unknown."""
    if report.bill is None:
        return report
    try:
        most = spent(report, PaidUse.of(folder, report))
    except ArtifactError:
        return report
    known = None if most is None else float(most)
    return report.model_copy(update={"bill": report.bill.model_copy(update={"at_most_usd": known})})


def _uses(
    folder: RunFolder, artifacts: RunArtifacts, questions: tuple[Question, ...], written: Collection[str]
) -> tuple[ContestantUse, ...]:
    manifest = artifacts.manifest
    return contestant_uses(folder, manifest, artifacts.priced, questions, written) if manifest else ()


def _break_even(artifacts: RunArtifacts, questions: Iterable[Question]) -> BreakEven | None:
    """The break-even with assumed passages, calculated with the tokens that the tuned model used.

    None where the run asked the base model with passages: nothing must be assumed then.
    """
    if artifacts.manifest is None or artifacts.priced is None or not artifacts.priced.rates:
        return None
    if RETRIEVAL in artifacts.manifest.contestant_names:
        return None
    settings, tuned = artifacts.manifest.settings, [question.tuned for question in questions if question.tuned]
    read = [answer.input_tokens for answer in tuned if answer.input_tokens]
    written = [answer.output_tokens for answer in tuned if answer.output_tokens]
    assumed = assumptions(settings.break_even, settings.model_units, read, written)
    on_demand = catalog.family_of(artifacts.manifest.base_model).on_demand_deployment
    return break_even(assumed, artifacts.priced.rates, on_demand) if assumed else None


def _verdict(failure: Failure | None, scores: Scores | None) -> Verdict:
    """The verdict of the evaluation, or the reason why there is none."""
    if failure:
        return Verdict(sentence=f"The run ended without a result: {failure.message.splitlines()[0]}")
    if scores:
        return scores.verdict
    return Verdict(sentence="The model was tuned. It was not evaluated, so it is not known whether it is better.")


def with_scores(report: Report, scores: Scores) -> Report:
    """The report with the parts of scores.json that it shows as they are."""
    details = {name: getattr(scores, name) for name in ScoringDetails.model_fields if name in scores.model_fields_set}
    return report.model_copy(
        update={
            "scores": scores.metrics,
            "people": scores.people,
            "agreement": scores.agreement,
            "scoring": ScoringDetails(**details),
            "earlier": _earlier_run(scores.earlier) if scores.earlier else None,
        }
    )


def _earlier_run(earlier: PreviousBest) -> EarlierRun:
    # The comparison has the earlier run's tuned model in the place of the base model.
    means = {name: entry.base.mean for name, entry in earlier.metrics.items() if entry.base.mean is not None}
    members = {name: getattr(earlier, name) for name in PreviousBest.model_fields}
    return EarlierRun(**members, scores=means)


def _with_manifest(report: Report, manifest: Manifest) -> Report:
    """The report with what the run was pinned to. The hyperparameters are those of the job, if it has started."""
    trained = report.training.hyperparameters if report.training else {}
    return report.model_copy(
        update={
            "dataset": manifest.dataset,
            "started_at": manifest.started_at,
            "execution_arn": manifest.execution_arn,
            "inputs": manifest.inputs,
            "settings": manifest.settings,
            "hyperparameters": trained or manifest.hyperparameters,
            "versions": manifest.versions,
        }
    )


def _last_modified(folder: RunFolder, ended: datetime) -> dict[str, datetime]:
    """The artifacts that were written until the run ended. A report that is built again later omits later reviews."""
    return {name: when for name, when in folder.last_modified().items() if when <= ended}


def _serving_endpoint(record: EndpointRecord | None, until: datetime) -> ServingEndpoint | None:
    """The endpoint with the seconds it is paid for. One that is not released yet is paid for until now."""
    if record is None:
        return None
    endpoint = ServingEndpoint.model_validate(record, from_attributes=True)
    if record.kind == "on_demand":
        return endpoint  # billed by the token
    end = datetime.fromisoformat(record.released_at) if record.released_at else until
    return endpoint.model_copy(update={"paid_seconds": seconds_since(record.created_at, end)})
