"""Deletes what costs money. The state machine, the rule, the schedule, the sweep and people all call this module.

A resource is deleted only if both its name and its tag are this deployment's. A release is idempotent, and several can
run at the same time.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import dataclass, replace

from tuner.artifacts.serving import EndpointRecord
from tuner.artifacts.training import JobRecord
from tuner.aws.bedrock.resources import PaidResource
from tuner.aws.s3.run_folder import RunFolder
from tuner.core.artifact_keys import Keys
from tuner.core.errors import AccessDeniedError, RetryableError, StillAliveError, TunerError
from tuner.core.times import iso, now, seconds_since
from tuner.serving.inventory import HourlyPrice, UsedByOthers, delete_command, is_committed, price_text
from tuner.serving.paid_resources import Releasable, belongs_to, resources_of, run_id_of
from tuner.training.job_record import may_be_starting

# How often a deleted resource is checked, and the pause in between, before the caller has to try again.
_CHECKS = 8
_PAUSE_SECONDS = 2.0

# Bedrock is eventually consistent: a read may miss what was created a moment ago. What is younger than this and cannot
# be seen is not assumed to be gone.
_VISIBLE_SECONDS = 180

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
    """A resource that could not be released. `resource` is None when a kind of resource could not even be listed."""

    resource: PaidResource | None
    error: TunerError


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

        def asked_for(kind: Releasable) -> Iterable[PaidResource]:
            return (resource for resource in resources_of(self.deployment, kind) if resource.arn in arns)

        return _or_raise(*self._release(asked_for))

    def everything(self) -> Outcome:
        """Releases everything of this deployment, even what a run needs. Raises like `run`."""
        return _or_raise(*self._release(lambda kind: resources_of(self.deployment, kind)))

    def sweep(self, is_needed: Callable[[Releasable, PaidResource], bool]) -> tuple[Outcome, tuple[Failure, ...]]:
        """Releases everything of this deployment that is not needed.

        Failures are tried again after growing pauses, and returned when they persist.
        """

        def orphans(kind: Releasable) -> Iterable[PaidResource]:
            return (resource for resource in resources_of(self.deployment, kind) if not is_needed(kind, resource))

        started, released = self.clock(), list[str]()
        for pause in (*_SWEEP_PAUSES, None):
            outcome, failures = self._release(orphans)
            released += outcome.released
            # A missing permission does not appear within minutes.
            hopeless = all(isinstance(failure.error, AccessDeniedError) for failure in failures)
            if hopeless or pause is None or self.clock() - started + pause > _SWEEP_SECONDS:
                break
            self.sleep(pause)
        return replace(outcome, released=tuple(released)), failures

    def _release_run(self, run_id: str, gone: Collection[str] = ()) -> tuple[Outcome, list[str]]:
        """Releases a run once. Also returns recorded ARNs that cannot be seen and are too young to be gone.

        `gone` are ARNs that an earlier attempt released.
        """
        unseen: list[str] = []
        outcome = _or_raise(*self._release(lambda kind: self._resources_of_run(kind, run_id, unseen)))
        unseen = [arn for arn in unseen if arn not in gone]
        # An endpoint that somebody else deleted is recorded as released too.
        self._record_endpoint(run_id, (*outcome.committed, *unseen))
        self._record_job(run_id, outcome)
        return outcome, unseen

    def _resources_of_run(self, kind: Releasable, run_id: str, unseen: list[str]) -> Iterable[PaidResource]:
        """The run's resources of this kind: those that are listed, and the recorded one that a list may miss."""
        found_by_name = resources_of(self.deployment, kind, run_id)
        listed = [found for found in found_by_name if not self._is_shared(kind, found, run_id)]
        yield from listed
        # The record is read last, so that listed resources are released even when it cannot be read.
        arn, created_at = self._recorded(kind, run_id)
        if arn is None or created_at is None or arn in {found.arn for found in listed}:
            return
        found = kind.get(arn)
        if found is None or not belongs_to(self.deployment, kind, found):
            if seconds_since(created_at) < _VISIBLE_SECONDS:
                unseen.append(arn)
        elif not found.has_ended and not self._is_shared(kind, found, run_id):
            yield found

    def _recorded(self, kind: Releasable, run_id: str) -> tuple[str | None, str | None]:
        """ARN and creation time of the run's resource of this kind, if it is recorded and not recorded as gone."""
        folder = self.folder_of(run_id)
        if kind.kind == "training":
            job = folder.load_if_present(JobRecord)
            return (job.job_arn, job.recorded_at) if job and not job.stopped_at else (None, None)
        record = folder.load_if_present(EndpointRecord)
        unreleased = record and record.kind == kind.kind and not record.released_at
        return (record.arn, record.created_at) if record and unreleased else (None, None)

    def _is_shared(self, kind: Releasable, found: PaidResource, run_id: str) -> bool:
        """Whether it is a job that another running run uses: it adopted the job, or started it."""
        return kind.kind == "training" and self.used_by_others(found.name, kind.tags(found.arn), run_id)

    def _release(self, wanted: Callable[[Releasable], Iterable[PaidResource]]) -> tuple[Outcome, tuple[Failure, ...]]:
        """Releases the wanted resources of every kind. A failure does not keep the others from being released."""
        released: list[str] = []
        committed: list[str] = []
        completing: list[str] = []
        failures: list[Failure] = []
        for kind in self.kinds:
            try:
                for resource in wanted(kind):
                    if resource.completing or is_committed(resource):
                        (completing if resource.completing else committed).append(resource.arn)
                        continue
                    try:
                        self._release_one(kind, resource)
                        released.append(resource.arn)
                    except TunerError as error:
                        failures.append(Failure(resource, error))
            except TunerError as error:  # raised while listing this kind: the other kinds are still released
                failures.append(Failure(None, error))
        return Outcome(tuple(released), tuple(committed), tuple(completing)), tuple(failures)

    def _release_one(self, kind: Releasable, resource: PaidResource) -> None:
        # Read before the deletion: afterwards the tags may be gone.
        run_id = run_id_of(resource, kind.tags(resource.arn), self.deployment)
        try:
            _delete(kind, resource.arn)
            for _ in range(_CHECKS):
                found = kind.get(resource.arn)
                if found is None or found.has_ended:
                    break
                self.sleep(_PAUSE_SECONDS)
            else:
                raise StillAliveError(f"{resource.arn} was deleted and is still {resource.status}.")
        except TunerError as error:
            raise type(error)(
                f"{error} It {price_text(resource, self.price(resource))} until it is gone. To delete it by hand: "
                f"{delete_command(resource)}"
            ) from error
        if resource.kind == "training":
            self._record_job(run_id, Outcome((resource.arn,), ()))
        else:
            self._record_endpoint(run_id, ())

    def _record_endpoint(self, run_id: str, existing: Sequence[str]) -> None:
        """Records that the run's endpoint is released, unless it is among `existing`."""
        folder = self.folder_of(run_id)
        record = folder.load_if_present(EndpointRecord)
        # A release of jobs alone, as 'tuner stop' does it, knows nothing about the endpoint.
        if record is None or record.kind not in {kind.kind for kind in self.kinds}:
            return
        if record.released_at is None and record.arn not in existing:
            folder.save(record.model_copy(update={"released_at": iso(now())}))

    def _record_job(self, run_id: str, outcome: Outcome) -> None:
        """Records that the run's customization job was stopped, or left to complete."""
        folder = self.folder_of(run_id)
        job = folder.load_if_present(JobRecord)
        if job and job.job_arn in outcome.released and job.stopped_at is None:
            folder.save(job.model_copy(update={"stopped_at": iso(now())}))
        if job and job.job_arn in outcome.completing and job.left_at is None:
            folder.save(job.model_copy(update={"left_at": iso(now())}))


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
        f"{', '.join(arns)} was created less than {_VISIBLE_SECONDS // 60:g} minutes ago and Bedrock does not show it "
        "yet. The release tries again, because it may still appear."
    )


def _or_raise(outcome: Outcome, failures: Sequence[Failure]) -> Outcome:
    """Raises all failures as one error. It is of a retryable class if a retry can help with any of them."""
    errors = [failure.error for failure in failures]
    if errors:
        retryable = [error for error in errors if isinstance(error, RetryableError)]
        raise type((retryable or errors)[0])("\n".join(str(error) for error in errors))
    return outcome
