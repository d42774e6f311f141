"""Deletes what costs money: the same function for the state machine, the rule, the schedule, the sweep and a person.

Nothing is touched that does not carry both this deployment's name and its tag.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from tuner.aws.bedrock.resources import PaidResource
from tuner.aws.s3.run_folder import RunFolder
from tuner.core.artifact_keys import Keys
from tuner.core.errors import AccessDeniedError, RetryableError, StillAliveError, TunerError
from tuner.core.times import iso, now, seconds_since
from tuner.serving.endpoints import Releasable, is_ours, owned, run_of
from tuner.serving.inventory import delete_command, price_in_words, stays_for_its_term
from tuner.serving.purchase import read, write
from tuner.training import job_record as training
from tuner.training.job_record import may_be_starting

# A deleted endpoint is looked for this often, with this pause, before the caller is told to come back.
_LOOKS = 8
_PAUSE_SECONDS = 2.0

# A read may miss what was created a moment ago: so long after its creation, what cannot be seen is not believed gone.
_VISIBLE_SECONDS = 180

# A purchase outlives the execution that was stopped under it, and is on record only afterwards: it is looked for again
# with these pauses.
_STRAGGLER_PAUSES = (2.0, 4.0, 8.0, 16.0, 30.0)

# The sweep's own waits between its attempts; after this long it starts no more, so that it can still raise the alarm.
_SWEEP_PAUSES = (5.0, 15.0, 45.0)
_SWEEP_SECONDS = 120.0


@dataclass(frozen=True, slots=True)
class Outcome:
    """ARNs that are gone, those that a commitment keeps alive until its term ends, and jobs left to complete."""

    released: tuple[str, ...]
    alive: tuple[str, ...]
    completing: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Failure:
    """What could not be released; without an endpoint, a kind that could not even be listed."""

    endpoint: PaidResource | None
    error: TunerError


def _used_by_nobody(_name: str, _tags: Mapping[str, str], _run_id: str) -> bool:
    return False


@dataclass(frozen=True, slots=True)
class Release:
    """Where a release looks and writes. `folder_of` gives a run's folder, `price` what an hour of an endpoint costs.

    `used_by_others` says of a customization job, by its name and tags, whether a running run other than one uses it.
    """

    kinds: Sequence[Releasable]
    deployment: str
    folder_of: Callable[[str], RunFolder]
    price: Callable[[PaidResource], float | None]
    used_by_others: Callable[[str, Mapping[str, str], str], bool] = _used_by_nobody
    sleep: Callable[[float], None] = time.sleep
    clock: Callable[[], float] = time.monotonic

    def run(self, run_id: str) -> Outcome:
        """Releases what was bought for one run, kept or not, and stops its customization job.

        Raises StillAliveError, with the command that deletes it, while something is not gone or cannot be seen yet; and
        whatever kept a delete from being tried, after everything else was tried.
        """
        outcome, unseen = self._look(run_id)
        if unseen:
            raise StillAliveError(_not_seen(unseen))
        return outcome

    def ended(self, run_id: str, cut_off: bool = True) -> Outcome:
        """As `run`, for an execution that has ended badly: until what it was about to buy is on record, for a minute.

        What is released before it is on record is looked for again too, so that its record says that it is gone. Where
        the execution was `cut_off` from outside, in the middle of a step, that step may be starting a job as well.
        """
        released: list[str] = []
        for pause in (*_STRAGGLER_PAUSES, None):
            # Asked before the look: what goes on record during one may have come too late to be seen by it.
            folder = self.folder_of(run_id)
            coming = may_be_buying(folder) or (cut_off and may_be_starting(folder))
            outcome, unseen = self._look(run_id, released)
            released += outcome.released
            if pause is None and unseen:
                raise StillAliveError(_not_seen(unseen))
            if pause is None or not (coming or unseen):
                break
            self.sleep(pause)
        return replace(outcome, released=tuple(released))

    def these(self, arns: Collection[str]) -> Outcome:
        """Releases those of these that are this deployment's. Raises as `run`."""

        def asked_for(kind: Releasable) -> Iterable[PaidResource]:
            return (endpoint for endpoint in owned(kind, self.deployment) if endpoint.arn in arns)

        return _or_raise(*self._all(asked_for))

    def everything(self) -> Outcome:
        """Releases everything of this deployment, whatever needs it. Raises as `run`."""
        return _or_raise(*self._all(lambda kind: owned(kind, self.deployment)))

    def sweep(self, is_needed: Callable[[Releasable, PaidResource], bool]) -> tuple[Outcome, tuple[Failure, ...]]:
        """Releases everything of this deployment that is not needed.

        What fails is tried again with growing waits, and handed back when it fails still.
        """

        def orphans(kind: Releasable) -> Iterable[PaidResource]:
            return (endpoint for endpoint in owned(kind, self.deployment) if not is_needed(kind, endpoint))

        started, released = self.clock(), list[str]()
        for pause in (*_SWEEP_PAUSES, None):
            outcome, failures = self._all(orphans)
            released += outcome.released
            hopeless = all(isinstance(failure.error, AccessDeniedError) for failure in failures)
            if hopeless or pause is None or self.clock() - started + pause > _SWEEP_SECONDS:
                break
            self.sleep(pause)
        return replace(outcome, released=tuple(released)), failures

    def _look(self, run_id: str, gone: Collection[str] = ()) -> tuple[Outcome, list[str]]:
        """One release of a run; and the ARNs on record that are too young to be believed gone, unless known to be."""
        unseen: list[str] = []
        outcome = _or_raise(*self._all(lambda kind: self._of_run(kind, run_id, unseen)))
        unseen = [arn for arn in unseen if arn not in gone]
        # An endpoint that somebody else deleted is released too.
        self._write_down(run_id, (*outcome.alive, *unseen))
        self._write_down_job(run_id, outcome)
        return outcome, unseen

    def _of_run(self, kind: Releasable, run_id: str, unseen: list[str]) -> Iterable[PaidResource]:
        """What the run has of this kind, by its name and by its record: a list may miss what was just created."""
        listed = [found for found in owned(kind, self.deployment, run_id) if not self._is_shared(kind, found, run_id)]
        yield from listed
        # Looked up last: what is listed is released even if the record cannot be read.
        arn, created_at = self._on_record(kind, run_id)
        if arn is None or created_at is None or arn in {found.arn for found in listed}:
            return
        found = kind.get(arn)
        if found is None or not is_ours(kind, found, self.deployment):
            if seconds_since(created_at) < _VISIBLE_SECONDS:
                unseen.append(arn)
        elif not found.has_ended and not self._is_shared(kind, found, run_id):
            yield found

    def _on_record(self, kind: Releasable, run_id: str) -> tuple[str | None, str | None]:
        """ARN and time of what the run's records say that it has of this kind, and that they do not say is gone."""
        folder = self.folder_of(run_id)
        if kind.kind == "training":
            job = training.read(folder)
            return (job.job_arn, job.recorded_at) if job and not job.stopped_at else (None, None)
        record = read(folder)
        unreleased = record and record.kind == kind.kind and not record.released_at
        return (record.arn, record.created_at) if record and unreleased else (None, None)

    def _is_shared(self, kind: Releasable, found: PaidResource, run_id: str) -> bool:
        """Whether it is a job that another running run has adopted, or was adopted from."""
        return kind.kind == "training" and self.used_by_others(found.name, kind.tags(found.arn), run_id)

    def _all(self, wanted: Callable[[Releasable], Iterable[PaidResource]]) -> tuple[Outcome, tuple[Failure, ...]]:
        released: list[str] = []
        alive: list[str] = []
        completing: list[str] = []
        failures: list[Failure] = []
        for kind in self.kinds:
            try:
                for endpoint in wanted(kind):
                    if endpoint.completing or stays_for_its_term(endpoint):
                        (completing if endpoint.completing else alive).append(endpoint.arn)
                        continue
                    try:
                        self._one(kind, endpoint)
                        released.append(endpoint.arn)
                    except TunerError as error:  # the others are released first
                        failures.append(Failure(endpoint, error))
            except TunerError as error:  # what the one kind has cannot be known: the other is released first
                failures.append(Failure(None, error))
        return Outcome(tuple(released), tuple(alive), tuple(completing)), tuple(failures)

    def _one(self, kind: Releasable, endpoint: PaidResource) -> None:
        run_id = run_of(endpoint, kind.tags(endpoint.arn), self.deployment)
        try:
            _delete(kind, endpoint.arn)
            for _ in range(_LOOKS):
                found = kind.get(endpoint.arn)
                if found is None or found.has_ended:
                    break
                self.sleep(_PAUSE_SECONDS)
            else:
                raise StillAliveError(f"{endpoint.arn} was deleted and is still {endpoint.status}.")
        except TunerError as error:
            raise type(error)(
                f"{error} It {price_in_words(endpoint, self.price(endpoint))} until it is gone. To end it by hand: "
                f"{delete_command(endpoint)}"
            ) from error
        if endpoint.kind == "training":
            self._write_down_job(run_id, Outcome((endpoint.arn,), ()))
        else:
            self._write_down(run_id, ())

    def _write_down(self, run_id: str, alive: Sequence[str]) -> None:
        folder = self.folder_of(run_id)
        record = read(folder)
        # A release of jobs alone, as 'tuner stop' makes one, has not looked at endpoints.
        if record is None or record.kind not in {kind.kind for kind in self.kinds}:
            return
        if record.released_at is None and record.arn not in alive:
            write(folder, record.model_copy(update={"released_at": iso(now())}))

    def _write_down_job(self, run_id: str, outcome: Outcome) -> None:
        folder = self.folder_of(run_id)
        job = training.read(folder)
        if job and job.job_arn in outcome.released and job.stopped_at is None:
            training.write(folder, job.model_copy(update={"stopped_at": iso(now())}))
        if job and job.job_arn in outcome.completing and job.left_at is None:
            training.write(folder, job.model_copy(update={"left_at": iso(now())}))


def _delete(kind: Releasable, arn: str) -> None:
    try:
        kind.delete(arn)
    except AccessDeniedError:
        # The permission asks for the deployment's tag, which what another release has just deleted lacks.
        found = kind.get(arn)
        if found and not found.has_ended:
            raise


def may_be_buying(folder: RunFolder) -> bool:
    """Whether the run has a model that it would serve, and no purchase on record, as far as its folder can be read."""
    try:
        if folder.find(Keys.TRAINING_SUMMARY) is None or read(folder) is not None:
            return False
        return folder.manifest().settings.serving != "none"
    except TunerError:  # the look that comes next says so, once it has released what it can
        return True


def _not_seen(arns: Sequence[str]) -> str:
    return (
        f"{', '.join(arns)} was created less than {_VISIBLE_SECONDS // 60:g} minutes ago and cannot be seen yet: it is "
        "looked for again before it is believed to be gone."
    )


def _or_raise(outcome: Outcome, failures: Sequence[Failure]) -> Outcome:
    """All failures in one error: of a class that is tried again if that can mend any of them."""
    errors = [failure.error for failure in failures]
    if errors:
        retryable = [error for error in errors if isinstance(error, RetryableError)]
        raise type((retryable or errors)[0])("\n".join(str(error) for error in errors))
    return outcome
