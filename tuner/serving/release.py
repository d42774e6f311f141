"""Deletes what costs money. The state machine, the rule, the schedule, the sweep and people all call this module.

A resource is deleted only if both its name and its tag are this deployment's. A release is idempotent, and several can
run at the same time. It first asks Bedrock to delete everything, and then looks until everything is gone.

Bedrock is eventually consistent: one read, or several at the same moment, may miss a resource that exists. Therefore
the recorded endpoint is deleted whether a read shows it or not, and a resource counts as gone only after two looks some
time apart.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from typing import Literal

from tuner.artifacts.serving import EndpointRecord
from tuner.artifacts.training import JobRecord
from tuner.aws.bedrock.resources import PaidResource
from tuner.aws.s3.run_folder import RunFolder
from tuner.core.artifact_keys import Keys
from tuner.core.errors import AccessDeniedError, AwsError, RetryableError, StillAliveError, TunerError
from tuner.core.resource_names import Tags
from tuner.core.times import iso, now, seconds_since
from tuner.serving.inventory import HourlyPrice, UsedByOthers, delete_command, is_committed, price_text
from tuner.serving.paid_resources import Releasable, belongs_to, resources_of, run_id_of
from tuner.training.job_record import may_be_starting

# How often the deleted resources are looked at, and the pause in between, before the caller has to try again.
_LOOKS = 9
_PAUSE_SECONDS = 2.0
# Looks in a row that must miss a resource whose deletion Bedrock accepted.
_LOOKS_WITHOUT = 2

# A recorded resource that no read shows may have been created a moment ago, or the reads are stale. It is not assumed
# to be gone while it is younger than this, and before a release misses it this long after an earlier one did.
_VISIBLE_SECONDS = 180
_MISSING_SECONDS = 60

# Calls at the same time. A sweep with 200 resources to delete has about 1,000 calls to make in four minutes.
_PARALLEL_CALLS = 8

# A purchase can outlive the execution that was stopped during it, and is recorded only afterwards. The release looks
# for it again after each of these pauses.
_LATE_PURCHASE_PAUSES = (2.0, 4.0, 8.0, 16.0, 30.0)

# The sweep's pauses between its attempts. It starts no attempt after this many seconds, so that the function still has
# time to send the alarm.
_SWEEP_PAUSES = (5.0, 15.0, 45.0)
_SWEEP_SECONDS = 120.0


@dataclass(frozen=True, slots=True)
class Outcome:
    """ARNs of what was released, of throughput that stays until its commitment ends, and of jobs left to complete."""

    released: tuple[str, ...]
    committed: tuple[str, ...]
    completing: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Failure:
    """A resource that could not be released. `resource` is None when a kind of resource could not even be listed.

    A resource that `is_gone` was released, but that could not be recorded in the folder of its run.
    """

    resource: PaidResource | None
    error: TunerError
    is_gone: bool = False


@dataclass(frozen=True, slots=True)
class _Asked:
    """What became of a resource when its release was asked for. `run_id` is the run that created it."""

    kind: Releasable
    resource: PaidResource
    state: Literal["needed", "committed", "completing", "deleted", "failed"]
    run_id: str = ""
    at: str = ""
    error: TunerError | None = None


_Choice = Callable[[Releasable, PaidResource], bool]


@dataclass(frozen=True, slots=True)
class Release:
    """Releases the resources of `kinds` that belong to `deployment`.

    `folder_of` returns a run's folder. `used_by_others` tells whether a running execution other than the given run uses
    a customization job.
    """

    kinds: Sequence[Releasable]
    deployment: str
    folder_of: Callable[[str], RunFolder]
    price: HourlyPrice
    used_by_others: UsedByOthers = lambda *_: False
    sleep: Callable[[float], None] = time.sleep
    clock: Callable[[], float] = time.monotonic

    def run(self, run_id: str) -> Outcome:
        """Releases the endpoints of one run, kept or not, and stops its customization job.

        Raises StillAliveError, with the command that deletes it, while a resource is not gone or cannot be seen yet.
        Any other error is raised after everything else was released.
        """
        outcome, unseen = self._release_run(run_id)
        if unseen:
            raise StillAliveError(_not_visible(unseen))
        return outcome

    def ended_run(self, run_id: str, cut_off: bool = True) -> Outcome:
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

    def resources(self, arns: Collection[str]) -> Outcome:
        """Releases those of `arns` that are this deployment's. Raises like `run`."""
        return _or_raise(*self._release(self._listed, lambda _, resource: resource.arn in arns))

    def everything(self) -> Outcome:
        """Releases everything of this deployment, even what a run needs. Raises like `run`."""
        return _or_raise(*self._release(self._listed))

    def sweep(self, is_needed: _Choice) -> tuple[Outcome, tuple[Failure, ...]]:
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
            hopeless = all(isinstance(failure.error, AccessDeniedError) for failure in failures)
            if hopeless or pause is None or self.clock() - started + pause > _SWEEP_SECONDS:
                break
            self.sleep(pause)
        return replace(outcome, released=tuple(released)), (*failures, *unrecorded)

    def _listed(self, kind: Releasable) -> Iterator[PaidResource]:
        """Resources whose name is this deployment's."""
        prefix = f"{self.deployment}-"
        for resource in kind.list(prefix):
            if resource.name.startswith(prefix):
                yield resource

    def _release_run(self, run_id: str, gone: Collection[str] = ()) -> tuple[Outcome, list[str]]:
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
            yield from self._recorded_job(kind, run_id, listed, unseen)
        else:
            yield from self._recorded_endpoint(kind, run_id, listed, unseen)

    def _recorded_job(
        self, kind: Releasable, run_id: str, listed: Sequence[PaidResource], unseen: list[str]
    ) -> Iterable[PaidResource]:
        """The run's recorded job, unless it is listed, has ended, or is used by another run."""
        job = self.folder_of(run_id).load_if_present(JobRecord)
        if job is None or job.job_arn is None or job.stopped_at or job.job_arn in {found.arn for found in listed}:
            return
        found = kind.get(job.job_arn)
        if found is None:
            # Its tags cannot be seen either. The record has those that tell who uses the job.
            tags = {Tags.RUN: job.trained_by} | ({Tags.TRAINING: job.fingerprint} if job.fingerprint else {})
            if self.used_by_others(job.job_name, tags, run_id):
                return
            _delete(kind, job.job_arn)
            if seconds_since(job.recorded_at) < _VISIBLE_SECONDS:
                unseen.append(job.job_arn)
        elif not found.has_ended and not self._is_shared(kind, found, run_id):
            yield found

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
                folder.save(record.model_copy(update={"missing_since": None}))
            # Tags are eventually consistent too.
            if seconds_since(record.created_at) < _VISIBLE_SECONDS and not belongs_to(self.deployment, kind, found):
                unseen.append(record.arn)
            yield found
            return
        _delete(kind, record.arn)
        if record.released_at:
            return
        if record.missing_since is None:
            folder.save(record.model_copy(update={"missing_since": iso(now())}))
            unseen.append(record.arn)
        elif (
            min(
                seconds_since(record.missing_since) - _MISSING_SECONDS,
                seconds_since(record.created_at) - _VISIBLE_SECONDS,
            )
            < 0
        ):
            unseen.append(record.arn)
        else:
            folder.save(record.model_copy(update={"released_at": iso(now())}))

    def _is_shared(self, kind: Releasable, found: PaidResource, run_id: str) -> bool:
        """Whether it is a job that another running run uses: it adopted the job, or started it."""
        return kind.kind == "training" and self.used_by_others(found.name, kind.tags(found.arn), run_id)

    def _release(
        self, candidates: Callable[[Releasable], Iterable[PaidResource]], wanted: _Choice = lambda *_: True
    ) -> tuple[Outcome, tuple[Failure, ...]]:
        """Releases the wanted candidates of every kind that are this deployment's.

        A failure does not keep the others from being released.
        """
        asked: list[_Asked] = []
        failures: list[Failure] = []
        with ThreadPoolExecutor(_PARALLEL_CALLS) as pool:
            for kind in self.kinds:
                found, error = _until_error(candidates(kind))
                asked += pool.map(lambda resource, kind=kind: self._ask(kind, resource, wanted), found)
                failures += [Failure(None, error)] if error else []
            deleted = [entry for entry in asked if entry.state == "deleted"]
            alive = self._look(deleted, pool)
            gone = [entry for entry in deleted if entry.resource.arn not in alive]
            failures += [self._failure(entry, entry.error) for entry in asked if entry.error]
            failures += [self._failure(entry, alive[entry.resource.arn]) for entry in deleted if entry not in gone]
            failures += [failure for failure in pool.map(self._record, gone) if failure]
        return Outcome(
            tuple(entry.resource.arn for entry in gone),
            tuple(entry.resource.arn for entry in asked if entry.state == "committed"),
            tuple(entry.resource.arn for entry in asked if entry.state == "completing"),
        ), tuple(failures)

    def _ask(self, kind: Releasable, resource: PaidResource, wanted: _Choice) -> _Asked:
        """Asks Bedrock to delete one resource, if it is this deployment's and wanted."""
        try:
            if not belongs_to(self.deployment, kind, resource) or not wanted(kind, resource):
                return _Asked(kind, resource, "needed")
            if resource.completing:
                return _Asked(kind, resource, "completing")
            if is_committed(resource):
                return _Asked(kind, resource, "committed")
            # Read before the deletion: afterwards the tags may be gone.
            run_id = run_id_of(resource, kind.tags(resource.arn), self.deployment)
            seen_at = iso(now())
            _delete(kind, resource.arn)
        except Exception as error:  # one resource must not keep the others from being released
            return _Asked(kind, resource, "failed", error=_as_tuner_error(error))
        return _Asked(kind, resource, "deleted", run_id, seen_at)

    def _look(self, deleted: Sequence[_Asked], pool: ThreadPoolExecutor) -> dict[str, TunerError]:
        """Looks until all are gone, a limited number of times. Returns why the others count as alive, by ARN."""
        misses = {entry.resource.arn: 0 for entry in deleted}
        reasons: dict[str, TunerError] = {}
        for look in range(_LOOKS):
            waiting = [entry for entry in deleted if misses[entry.resource.arn] < _LOOKS_WITHOUT]
            if not waiting:
                break
            if look:
                self.sleep(_PAUSE_SECONDS)
            for entry, seen in zip(waiting, pool.map(_look_at, waiting), strict=True):
                arn = entry.resource.arn
                if isinstance(seen, TunerError):
                    misses[arn], reasons[arn] = 0, seen
                else:
                    misses[arn] += _LOOKS_WITHOUT if seen == "ended" else 1
        return {arn: reasons[arn] for arn, missed in misses.items() if missed < _LOOKS_WITHOUT}

    def _failure(self, entry: _Asked, error: TunerError) -> Failure:
        """The failure with what the resource costs and the command that deletes it."""
        resource = entry.resource
        text = (
            f"{error} It {price_text(resource, self.price(resource))} until it is gone. To delete it by hand: "
            f"{delete_command(resource)}"
        )
        return Failure(resource, type(error)(text))

    def _record(self, entry: _Asked) -> Failure | None:
        """Records in the folder of its run that a resource is gone. Returns the failure to do so."""
        arn, folder = entry.resource.arn, self.folder_of(entry.run_id)
        try:
            if entry.kind.kind == "training":
                job = folder.load_if_present(JobRecord)
                if job and job.job_arn == arn and job.stopped_at is None:
                    folder.save(job.model_copy(update={"stopped_at": iso(now())}))
                return None
            record = folder.load_if_present(EndpointRecord)
            # A release that misses an endpoint may have recorded it as released while it was still alive.
            if record and record.arn == arn and (record.released_at is None or record.released_at < entry.at):
                folder.save(record.model_copy(update={"released_at": iso(now()), "missing_since": None}))
        except Exception as error:  # one record must not keep the others from being written
            known = _as_tuner_error(error)
            return Failure(
                entry.resource, type(known)(f"{arn} is gone, but that could not be recorded: {known}"), is_gone=True
            )
        return None

    def _record_jobs_left(self, run_id: str, outcome: Outcome) -> None:
        """Records that the run's customization job was left to complete."""
        folder = self.folder_of(run_id)
        job = folder.load_if_present(JobRecord)
        if job and job.job_arn in outcome.completing and job.left_at is None:
            folder.save(job.model_copy(update={"left_at": iso(now())}))


def _until_error(resources: Iterable[PaidResource]) -> tuple[list[PaidResource], TunerError | None]:
    """The resources that could be listed, and the error that ended the list early."""
    found: list[PaidResource] = []
    try:
        found.extend(resources)
    except TunerError as error:
        return found, error
    return found, None


def _look_at(entry: _Asked) -> Literal["missing", "ended"] | TunerError:
    """What a look at a deleted resource finds: an error while it counts as alive."""
    try:
        found = entry.kind.get(entry.resource.arn)
    except TunerError as error:
        return error
    if found is None:
        return "missing"
    return "ended" if found.has_ended else StillAliveError(f"{found.arn} was deleted and is still {found.status}.")


def _as_tuner_error(error: Exception) -> TunerError:
    if isinstance(error, TunerError):
        return error
    return AwsError(f"Unexpected {type(error).__name__}: {error}")


def _delete(kind: Releasable, arn: str) -> None:
    try:
        kind.delete(arn)
    except AccessDeniedError:
        # The permission requires the deployment's tag. A resource that another release has just deleted has no tags any
        # more, so that Bedrock answers AccessDenied instead of "not found".
        found = kind.get(arn)
        if found and not found.has_ended:
            raise


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
        f"Bedrock does not show {', '.join(arns)}, which may exist all the same: its reads can be out of date. The "
        f"release asked for the deletion. It looks again after {_MISSING_SECONDS} seconds, and for "
        f"{_VISIBLE_SECONDS // 60} minutes after the creation."
    )


def _or_raise(outcome: Outcome, failures: Sequence[Failure]) -> Outcome:
    """Raises all failures as one error. It is of a retryable class if a retry can help with any of them."""
    errors = [failure.error for failure in failures]
    if errors:
        retryable = [error for error in errors if isinstance(error, RetryableError)]
        raise type((retryable or errors)[0])("\n".join(str(error) for error in errors))
    return outcome
