"""Trains the candidates of a run, and chooses one of them.

The jobs run at the same time, as many as there are training places; the others follow when a job ends. A candidate
whose job fails does not end the run while another one has a model. The model with the lowest validation loss is chosen:
evaluation data has no part in the choice.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from tuner import catalog
from tuner.artifacts.dataset import DatasetSummary
from tuner.artifacts.manifest import Customization, Manifest
from tuner.artifacts.preflight import Preflight
from tuner.artifacts.training import CandidateResult, JobRecord, TrainingSummary
from tuner.aws.bedrock.resources import Job
from tuner.aws.s3.run_folder import RunFolder
from tuner.core.errors import AwsError, CapacityBusyError, CustomizationFailedError, QuotaError
from tuner.core.times import seconds_since
from tuner.settings import DeploymentSettings
from tuner.training import adoption
from tuner.training.job import JobStarter, check
from tuner.training.summary import summary_of

Status = Literal["InProgress", "PlaceFree", "Completed"]


@dataclass(frozen=True, slots=True)
class Candidate:
    """A candidate now: its job, or why it has no model. Neither while it waits for a place."""

    customization: Customization
    record: JobRecord | None
    job: Job | None = None
    failure: str | None = None

    @property
    def waits(self) -> bool:
        """Whether its job is still to be started."""
        return self.job is None and self.failure is None

    @property
    def trains(self) -> bool:
        """Whether its job is in progress."""
        return self.job is not None and self.job.status == "InProgress"

    @property
    def title(self) -> str:
        """Its name in a sentence."""
        return f"candidate {self.customization.number}"


@dataclass(frozen=True, slots=True)
class CandidatesProgress:
    """The candidates of a run: `PlaceFree` when the next job can be started, `Completed` when all have ended."""

    candidates: tuple[Candidate, ...]
    places: int

    @property
    def status(self) -> Status:
        """Raises CustomizationFailedError when all candidates failed."""
        if any(each.waits for each in self.candidates):
            return "PlaceFree" if self.has_place else "InProgress"
        if any(each.trains for each in self.candidates):
            return "InProgress"
        _with_model(self.candidates)
        return "Completed"

    @property
    def has_place(self) -> bool:
        """Whether another job may run."""
        return sum(each.trains for each in self.candidates) < self.places

    @property
    def seconds(self) -> float:
        """Seconds since the run's first job was started or adopted; 0 before."""
        times = [each.record.recorded_at for each in self.candidates if each.record and each.record.job_arn]
        return seconds_since(min(times)) if times else 0.0


def progress(
    jobs: adoption.Jobs, folder: RunFolder, manifest: Manifest, deployment: DeploymentSettings
) -> CandidatesProgress:
    """The candidates now. Raises RetryableError while Bedrock does not show a young job."""
    quota = (folder.load_if_present(Preflight) or Preflight()).customization_jobs
    places = deployment.training_places if quota is None else min(deployment.training_places, int(quota))
    return CandidatesProgress(tuple(_candidate(jobs, folder, each) for each in manifest.candidates), max(1, places))


def _candidate(jobs: adoption.Jobs, folder: RunFolder, customization: Customization) -> Candidate:
    record = folder.load_if_present(JobRecord, customization.under)
    if record is None or record.job_arn is None:
        return Candidate(customization, record, failure=record.refused if record else None)
    try:
        return Candidate(customization, record, check(jobs, folder, customization))
    except CustomizationFailedError as error:
        return Candidate(customization, record, failure=str(error))


def start_next(
    starter: JobStarter, folder: RunFolder, manifest: Manifest, deployment: DeploymentSettings
) -> CandidatesProgress:
    """Starts or adopts the jobs of waiting candidates, as many as there are places, and returns the progress.

    Raises CapacityBusyError or QuotaError when no job could be started and the run has none.
    """
    # All are recorded first: a release then knows that a job may come.
    for each in manifest.candidates:
        starter.register(folder, each)
    found = progress(starter.jobs, folder, manifest, deployment)
    full: CapacityBusyError | QuotaError | None = None
    for waiting in [each for each in found.candidates if each.waits]:
        if not found.has_place:
            break
        try:
            starter.start(folder, waiting.customization)
        except (CapacityBusyError, QuotaError) as error:
            full = error
        except AwsError as error:
            _record_refusal(folder, waiting.customization, error)
        found = progress(starter.jobs, folder, manifest, deployment)
    # While a job of the run is in progress, or after one has ended, the run looks again after a while.
    if full and not any(each.record and each.record.job_arn for each in found.candidates):
        raise full
    return found


def _record_refusal(folder: RunFolder, customization: Customization, error: AwsError) -> None:
    """Records that Bedrock does not accept the job, unless the error says nothing about the job itself."""
    record = folder.load(JobRecord, customization.under)
    if type(error) is not AwsError or record.job_arn:
        raise error
    folder.save(record.model_copy(update={"refused": str(error)}), customization.under)


def refuse_overdue(found: CandidatesProgress, longest_hours: float) -> None:
    """Raises CustomizationFailedError when all candidates together take longer than the deployment allows."""
    hours = found.seconds / 3600
    left = [each.title for each in found.candidates if each.waits or each.trains]
    if left and hours > longest_hours:
        raise CustomizationFailedError(
            f"The training of the candidates has been in progress for {hours:.1f} hours, and is not over for "
            f"{', '.join(left)}. The deployment allows {longest_hours:g} for all candidates together, so the run ends. "
            "Name fewer candidates, or raise training_places or longest_training_hours in cdk.json, and run again: "
            "what is trained is used again."
        )


def write_choice(folder: RunFolder, found: CandidatesProgress) -> TrainingSummary:
    """Chooses a candidate, and writes the summary of its job with the results of all of them.

    Raises CustomizationFailedError when none has a model.
    """
    trained: dict[int | None, TrainingSummary] = {}
    known: dict[int | None, float] = {}
    for each in _with_model(found.candidates):
        if each.job:
            of = each.customization
            trained[of.number] = summary_of(folder, of, each.job)
            loss = model_loss(of.base_model, trained[of.number])
            known |= {} if loss is None else {of.number: loss}
    # If losses are equal, the first candidate in the settings wins.
    chosen = min(known, key=known.__getitem__) if known else next(iter(trained))
    results = tuple(_result(each, trained.get(each.customization.number), chosen) for each in found.candidates)
    same_data = folder.load(DatasetSummary).evaluation_from == "validation"
    summary = trained[chosen].model_copy(update={"candidates": results, "choice": _choice(results, same_data)})
    folder.save(summary)
    return summary


def _with_model(candidates: Sequence[Candidate]) -> list[Candidate]:
    """The candidates whose job completed. Raises CustomizationFailedError, with all reasons, when none did."""
    completed = [each for each in candidates if each.job and each.job.status == "Completed"]
    if not completed:
        reasons = "\n".join(f"{each.title}: {each.failure}" for each in candidates if each.failure)
        raise CustomizationFailedError(f"None of the {len(candidates)} candidates has a model.\n{reasons}")
    return completed


def _result(candidate: Candidate, summary: TrainingSummary | None, chosen: int | None) -> CandidateResult:
    """The candidate in the summary of its run. `summary` is None if it has no model."""
    of = candidate.customization
    record = candidate.record
    result = CandidateResult(
        number=of.number or 0,
        base_model=of.base_model,
        hyperparameters=of.hyperparameters,
        job_name=record.job_name if record else of.resource_name,
        job_arn=record.job_arn if record else None,
        epochs_asked=int(of.hyperparameters["epochCount"]),
        failure=candidate.failure,
        adopted_from=record.trained_by if record and record.adopted else None,
        chosen=of.number == chosen,
    )
    if summary is None:
        return result
    return result.model_copy(
        update={
            "hyperparameters": summary.hyperparameters or of.hyperparameters,
            "custom_model_arn": summary.custom_model_arn,
            "started_at": summary.started_at,
            "ended_at": summary.ended_at,
            "epochs_run": summary.epochs_run,
            "validation_loss": model_loss(of.base_model, summary),
        }
    )


def model_loss(base_model: str, summary: TrainingSummary) -> float | None:
    """The validation loss after the epoch whose weights the model has; None when it is not known.

    That is the last epoch. A family that stops early keeps the weights of its best epoch.
    """
    losses = [epoch.validation_loss for epoch in summary.epochs]
    if not catalog.family_of(base_model).stops_early:
        return losses[-1] if losses else None
    return min((loss for loss in losses if loss is not None), default=None)


def _choice(results: Sequence[CandidateResult], same_data: bool) -> str:
    """Why a candidate was chosen. `same_data`: the evaluation uses the validation data."""
    (chosen,) = (each for each in results if each.chosen)
    others = [each for each in results if each.custom_model_arn and not each.chosen]
    failed = sum(each.custom_model_arn is None for each in results)
    if not others:
        return f"Candidate {chosen.number} was chosen because it is the only one with a model: {failed} failed."
    if chosen.validation_loss is None:
        return (
            f"No candidate has a validation loss, so candidate {chosen.number}, the first one with a model, was taken. "
            "This is not a choice: give the dataset validation data."
        )
    unknown = [f"{each.number}" for each in others if each.validation_loss is None]
    unmeasured = f" Without a validation loss, and so not considered: {', '.join(unknown)}." if unknown else ""
    bias = (
        "The evaluation has the same questions as the validation data, so the chosen model looks somewhat better than "
        "it is: give the dataset evaluation data of its own."
    )
    part = bias if same_data else "The evaluation questions had no part in the choice."
    reason = f"Candidate {chosen.number} was chosen: it has the lowest validation loss."
    if len({each.base_model for each in results}) > 1:
        name = catalog.model(chosen.base_model).name
        reason += (
            " The base models split text into the same tokens, so their losses can be compared. It is compared with "
            f"its own base model, {name}."
        )
    return f"{reason} {part}{unmeasured}"
