"""Releases what costs money: decides what to delete, and records it in the folders of the runs.

The state machine, the rule, the schedule, the sweep and people all call this module. A release is idempotent, and
several can run at the same time. Bedrock's reads may be out of date, so the recorded endpoint is deleted whether a read
shows it or not.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace

from tuner.artifacts.batch import BatchJob
from tuner.artifacts.serving import EndpointRecord
from tuner.artifacts.training import JobRecord
from tuner.aws.bedrock.resources import PaidResource
from tuner.aws.s3.run_folder import RunFolder
from tuner.core.artifact_keys import Keys
from tuner.core.errors import AccessDeniedError, RetryableError, StillAliveError, TunerError
from tuner.core.resource_names import Tags
from tuner.core.times import iso, now, seconds_since
from tuner.serving.batch.jobs import batch_jobs
from tuner.serving.deletion import (
    PARALLEL_CALLS,
    Candidates,
    Choice,
    DeletionAttempt,
    Failure,
    as_tuner_error,
    ask_to_delete,
    delete_resources,
)
from tuner.serving.inventory import HourlyPrice, UsedByOthers
from tuner.serving.paid_resources import Releasable, belongs_to, resources_of
from tuner.training.job_record import job_records, may_be_starting

# A recorded resource that no read shows may have been created a moment ago, or the reads are stale. It is not assumed
# to be gone while it is younger than this, and before a release misses it this long after an earlier one did.
_VISIBLE_SECONDS = 180
_MISSING_SECONDS = 60

# A purchase can outlive the execution that was stopped during it, and is recorded only afterwards. The release looks
# for it again after each of these pauses.
_LATE_PURCHASE_PAUSES = (2.0, 4.0, 8.0, 16.0, 30.0)

# The sweep's pauses between its attempts. It starts no attempt after this many seconds, so that the function still has
# time to send the alarm.
_SWEEP_PAUSES = (5.0, 15.0, 45.0)
_SWEEP_SECONDS = 120.0


@dataclass(frozen=True, slots=True)
class ReleaseOutcome:
    """ARNs of what was released, of throughput that stays until its commitment ends, and of jobs left to complete."""

    released: tuple[str, ...]
    committed: tuple[str, ...]
    completing: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Release:
    """Releases the resources of `kinds` that belong to `deployment`.

    `folder_of` returns a run's folder. `used_by_others` tells whether a running execution other than the given run uses
    a customization job. Without `records`, nothing is written into the folders of runs. A person who stops a run may
    not write there. The release function, which every execution that ends calls, records what is gone.
    """

    kinds: Sequence[Releasable]
    deployment: str
    folder_of: Callable[[str], RunFolder]
    price: HourlyPrice
    used_by_others: UsedByOthers = lambda *_: False
    sleep: Callable[[float], None] = time.sleep
    clock: Callable[[], float] = time.monotonic
    records: bool = True

    def run(self, run_id: str) -> ReleaseOutcome:
        """Releases the endpoints of one run, kept or not, and stops its jobs.

        Raises StillAliveError, with the command that deletes it, while a resource is not gone or cannot be seen yet.
        Any other error is raised after everything else was released.
        """
        outcome, unseen = self._release_run(run_id)
        if unseen:
            raise StillAliveError(_not_visible(unseen))
        return outcome

    def ended_run(self, run_id: str, cut_off: bool = True) -> ReleaseOutcome:
        """Like `run`, for an execution that failed or was stopped: waits up to a minute for a late purchase.

        A purchase is released even before it is recorded; the release then runs again, so that the record says that the
        endpoint is gone. If the execution was `cut_off` from outside, a step may also be starting a job.
        """
        released: list[str] = []
        for pause in (*_LATE_PURCHASE_PAUSES, None):
            # Checked before the release: what is recorded during it may have been created too late for it to see.
            folder = self.folder_of(run_id)
            coming = may_be_buying(folder) or (cut_off and may_be_starting(folder))
            outcome, unseen = self._release_run(run_id, released)
            released += outcome.released
            if pause is None and unseen:
                raise StillAliveError(_not_visible(unseen))
            if pause is None or not (coming or unseen):
                break
            self.sleep(pause)
        return replace(outcome, released=tuple(released))

    def resources(self, arns: Collection[str]) -> ReleaseOutcome:
        """Releases the resources among `arns` that belong to this deployment. Raises like `run`."""
        return _or_raise(*self._release(self._listed, lambda _, resource: resource.arn in arns))

    def everything(self) -> ReleaseOutcome:
        """Releases everything of this deployment, even what a run needs. Raises like `run`."""
        return _or_raise(*self._release(self._listed))

    def sweep(self, is_needed: Choice) -> tuple[ReleaseOutcome, tuple[Failure, ...]]:
        """Releases everything of this deployment that is not needed.

        Failures are tried again after growing pauses, and returned when they persist. A resource that cannot be judged,
        or whose run cannot be read, is a failure and does not keep the others from being released.
        """
        started, released, unrecorded = self.clock(), list[str](), list[Failure]()
        for pause in (*_SWEEP_PAUSES, None):
            outcome, found = self._release(self._listed, lambda kind, resource: not is_needed(kind, resource))
            released += outcome.released
            unrecorded += [failure for failure in found if failure.is_gone]
            failures = [failure for failure in found if not failure.is_gone]
            # A missing permission does not appear within minutes.
            only_denied = all(isinstance(failure.error, AccessDeniedError) for failure in failures)
            if only_denied or pause is None or self.clock() - started + pause > _SWEEP_SECONDS:
                break
            self.sleep(pause)
        return replace(outcome, released=tuple(released)), (*failures, *unrecorded)

    def _listed(self, kind: Releasable) -> Iterator[PaidResource]:
        """Resources whose name is this deployment's."""
        prefix = f"{self.deployment}-"
        for resource in kind.list(prefix):
            if resource.name.startswith(prefix):
                yield resource

    def _release_run(self, run_id: str, gone: Collection[str] = ()) -> tuple[ReleaseOutcome, list[str]]:
        """Releases a run once. Also returns recorded ARNs that no read shows and that may exist all the same.

        `gone` are ARNs that an earlier attempt released.
        """
        unseen: list[str] = []
        outcome = _or_raise(*self._release(lambda kind: self._resources_of_run(kind, run_id, unseen)))
        self._record_jobs_left(run_id, outcome)
        return outcome, [arn for arn in unseen if arn not in gone]

    def _resources_of_run(self, kind: Releasable, run_id: str, unseen: list[str]) -> Iterable[PaidResource]:
        """The run's resources of this kind: those that are listed, and the recorded one that a list may miss."""
        found_by_name = resources_of(self.deployment, kind, run_id)
        listed = [found for found in found_by_name if not self._is_shared(kind, found, run_id)]
        yield from listed
        # The record is read last, so that listed resources are released even when it cannot be read.
        if kind.kind == "training":
            yield from self._recorded_jobs(kind, run_id, listed, unseen)
        elif kind.kind == "batch":
            yield from self._recorded_batches(kind, run_id, listed, unseen)
        else:
            yield from self._recorded_endpoint(kind, run_id, listed, unseen)

    def _recorded_jobs(
        self, kind: Releasable, run_id: str, listed: Sequence[PaidResource], unseen: list[str]
    ) -> Iterable[PaidResource]:
        """The run's recorded jobs, except those that are listed, have ended, or are used by another run."""
        arns, folder = {found.arn for found in listed}, self.folder_of(run_id)
        for under, job in job_records(folder).items():
            if job.job_arn and job.job_arn not in arns and not job.stopped_at:
                found = kind.get(job.job_arn)
                if found and found.status == "Completed" and under and folder.find(Keys.TRAINING_SUMMARY) is None:
                    # A candidate that was done before the run ended: its model stays for the same run again.
                    self._record_left(folder, under, job)
                yield from self._recorded_job(kind, run_id, job, found, unseen)

    def _recorded_job(
        self, kind: Releasable, run_id: str, job: JobRecord, found: PaidResource | None, unseen: list[str]
    ) -> Iterable[PaidResource]:
        arn = str(job.job_arn)
        if found is None:
            # Its tags cannot be seen either. The record has those that tell who uses the job.
            tags = {Tags.RUN: job.trained_by} | ({Tags.TRAINING: job.fingerprint} if job.fingerprint else {})
            if self.used_by_others(job.job_name, tags, run_id):
                return
            ask_to_delete(kind, arn)
            if seconds_since(job.recorded_at) < _VISIBLE_SECONDS:
                unseen.append(arn)
        elif not found.has_ended and not self._is_shared(kind, found, run_id):
            yield found

    def _recorded_batches(
        self, kind: Releasable, run_id: str, listed: Sequence[PaidResource], unseen: list[str]
    ) -> Iterable[PaidResource]:
        """The run's recorded batch jobs, except those that are listed or have ended."""
        arns = {found.arn for found in listed}
        for job in batch_jobs(self.folder_of(run_id)).values():
            if job.job_arn is None or job.is_over or job.job_arn in arns:
                continue
            found = kind.get(job.job_arn)
            if found and not found.has_ended:
                yield found
            elif found is None:
                ask_to_delete(kind, job.job_arn)
                if seconds_since(job.recorded_at) < _VISIBLE_SECONDS:
                    unseen.append(job.job_arn)

    def _recorded_endpoint(
        self, kind: Releasable, run_id: str, listed: Sequence[PaidResource], unseen: list[str]
    ) -> Iterable[PaidResource]:
        """The run's recorded endpoint, unless it is listed. It is looked at even if it is recorded as released.

        When no read shows it, it is deleted all the same, and recorded as released by the second look that misses it.
        """
        folder = self.folder_of(run_id)
        record = folder.load_if_present(EndpointRecord)
        if record is None or record.kind != kind.kind or record.arn in {found.arn for found in listed}:
            return
        found = kind.get(record.arn)
        if found:
            if record.missing_since:
                self._save(folder, record.model_copy(update={"missing_since": None}))
            # Reads of tags can be out of date too, and nothing is deleted without its tag.
            if not belongs_to(self.deployment, kind, found):
                unseen.append(record.arn)
            yield found
            return
        ask_to_delete(kind, record.arn)
        if record.released_at:
            return
        if record.missing_since is None:
            self._save(folder, record.model_copy(update={"missing_since": iso(now())}))
            unseen.append(record.arn)
            return
        missing, age = seconds_since(record.missing_since), seconds_since(record.created_at)
        if missing < _MISSING_SECONDS or age < _VISIBLE_SECONDS:
            unseen.append(record.arn)
        else:
            self._save(folder, record.model_copy(update={"released_at": iso(now())}))

    def _is_shared(self, kind: Releasable, found: PaidResource, run_id: str) -> bool:
        """Whether it is a job that another running run uses: it adopted the job, or started it."""
        return kind.kind == "training" and self.used_by_others(found.name, kind.tags(found.arn), run_id)

    def _release(
        self, candidates: Candidates, wanted: Choice = lambda *_: True
    ) -> tuple[ReleaseOutcome, tuple[Failure, ...]]:
        """Releases the wanted candidates of every kind that are this deployment's, and records what is gone."""
        found = delete_resources(self.kinds, self.deployment, candidates, wanted, self.price, self.sleep)
        with ThreadPoolExecutor(PARALLEL_CALLS) as pool:
            unrecorded = tuple(filter(None, pool.map(self._record, found.gone)))
        released = tuple(entry.resource.arn for entry in found.gone)
        return ReleaseOutcome(released, found.committed, found.completing), (*found.failures, *unrecorded)

    def _record(self, entry: DeletionAttempt) -> Failure | None:
        """Records in the folder of its run that a resource is gone. Returns the failure to do so."""
        arn = entry.resource.arn
        try:
            folder = self.folder_of(entry.run_id)
            if entry.kind.kind == "training":
                self._record_stopped_job(folder, entry)
            elif entry.kind.kind == "batch":
                self._record_stopped_batch(folder, arn)
            else:
                self._record_released_endpoint(folder, entry)
        except Exception as error:  # one record must not keep the others from being written
            known = as_tuner_error(error)
            return Failure(
                entry.resource, type(known)(f"{arn} is gone, but that could not be recorded: {known}"), is_gone=True
            )
        return None

    def _record_stopped_job(self, folder: RunFolder, entry: DeletionAttempt) -> None:
        """A job that completed before the request reached it was not stopped: it made a model."""
        arn = entry.resource.arn
        found = entry.kind.get(arn)
        for under, job in job_records(folder).items():
            if job.job_arn != arn or job.stopped_at is not None:
                continue
            if found and found.status == "Completed":
                self._record_left(folder, under, job)
            else:
                self._save(folder, job.model_copy(update={"stopped_at": iso(now())}), under)

    def _record_stopped_batch(self, folder: RunFolder, arn: str) -> None:
        stopped = {"ended_at": iso(now()), "problem": "The release of the run stopped the job."}
        for under, batch in batch_jobs(folder).items():
            if batch.job_arn == arn and not batch.is_over:
                self._save(folder, batch.model_copy(update=stopped), under)

    def _record_released_endpoint(self, folder: RunFolder, entry: DeletionAttempt) -> None:
        record = folder.load_if_present(EndpointRecord)
        # A release that misses an endpoint may have recorded it as released while it was still alive.
        if (
            record
            and record.arn == entry.resource.arn
            and (record.released_at is None or record.released_at < entry.at)
        ):
            self._save(folder, record.model_copy(update={"released_at": iso(now()), "missing_since": None}))

    def _record_jobs_left(self, run_id: str, outcome: ReleaseOutcome) -> None:
        """Records which of the run's customization jobs were left to complete."""
        folder = self.folder_of(run_id)
        for under, job in job_records(folder).items():
            if job.job_arn in outcome.completing:
                self._record_left(folder, under, job)

    def _record_left(self, folder: RunFolder, under: str, job: JobRecord) -> None:
        if job.left_at is None:
            self._save(folder, job.model_copy(update={"left_at": iso(now())}), under)

    def _save(self, folder: RunFolder, record: JobRecord | BatchJob | EndpointRecord, under: str = "") -> None:
        if self.records:
            folder.save(record, under)


def may_be_buying(folder: RunFolder) -> bool:
    """Whether a purchase of the run may still be under way: it has a model to serve, and no purchase is recorded."""
    try:
        if folder.find(Keys.TRAINING_SUMMARY) is None or folder.find(Keys.ENDPOINT) is not None:
            return False
        return folder.manifest().settings.serving != "none"
    except TunerError:
        # The release that follows reads the same folder. It raises the error, but only after it released what it can.
        return True


def _not_visible(arns: Sequence[str]) -> str:
    return (
        f"Bedrock does not show {', '.join(arns)} with the deployment's tag, which may exist all the same: its reads "
        "can be out of date. The release asks for the deletion of what is not shown. It looks again after "
        f"{_MISSING_SECONDS} seconds, and for {_VISIBLE_SECONDS // 60} minutes after the creation. What is shown and "
        f"has no tag '{Tags.DEPLOYMENT}' must be deleted by hand, or tagged."
    )


def _or_raise(outcome: ReleaseOutcome, failures: Sequence[Failure]) -> ReleaseOutcome:
    """Raises all failures as one error. It is of a retryable class if a retry can help with any of them."""
    errors = [failure.error for failure in failures]
    if errors:
        retryable = [error for error in errors if isinstance(error, RetryableError)]
        raise type((retryable or errors)[0])("\n".join(str(error) for error in errors))
    return outcome
