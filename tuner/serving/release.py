"""Deletes what costs money: the same function for the state machine, the rule, the schedule, the sweep and a person.

Nothing is touched that does not carry both this deployment's name and its tag.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import dataclass

from tuner.aws.run_folder import RunFolder
from tuner.errors import AccessDeniedError, RetryableError, StillAliveError, TunerError
from tuner.run import Keys
from tuner.serving.alive import delete_command, price_in_words, stays_for_its_term
from tuner.serving.endpoints import Endpoint, Endpoints, is_ours, owned, run_of
from tuner.serving.purchase import read, write
from tuner.times import iso, now

# A deleted endpoint is looked for this often, with this pause, before the caller is told to come back.
_LOOKS = 8
_PAUSE_SECONDS = 2.0

# A purchase outlives the execution that was stopped under it, and is on record only afterwards: it is looked for again
# with these pauses.
_STRAGGLER_PAUSES = (2.0, 4.0, 8.0, 16.0, 30.0)

# The sweep's own waits between its attempts; after this long it starts no more, so that it can still raise the alarm.
_SWEEP_PAUSES = (5.0, 15.0, 45.0)
_SWEEP_SECONDS = 120.0


@dataclass(frozen=True, slots=True)
class Outcome:
    """ARNs that are gone, and those that a commitment keeps alive until its term ends."""

    released: tuple[str, ...]
    alive: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Failure:
    """What could not be released; without an endpoint, a kind that could not even be listed."""

    endpoint: Endpoint | None
    error: TunerError


@dataclass(frozen=True, slots=True)
class Release:
    """Where a release looks and writes. `folder_of` gives a run's folder, `price` what an hour of an endpoint costs."""

    kinds: Sequence[Endpoints]
    deployment: str
    folder_of: Callable[[str], RunFolder]
    price: Callable[[Endpoint], float | None]
    sleep: Callable[[float], None] = time.sleep
    clock: Callable[[], float] = time.monotonic

    def run(self, run_id: str) -> Outcome:
        """Releases what was bought for one run, kept or not.

        Raises StillAliveError, with the command that deletes it, while something is not gone; and whatever kept a
        delete from being tried, after everything else was tried.
        """

        def of_this_run(kind: Endpoints) -> Iterable[Endpoint]:
            listed = list(owned(kind, self.deployment, run_id))
            yield from listed
            # What was created a moment ago may not be listed yet. Looked up last: what is listed is released even if
            # the record cannot be read.
            record = read(self.folder_of(run_id))
            if record and record.kind == kind.kind and record.arn not in {endpoint.arn for endpoint in listed}:
                found = kind.get(record.arn)
                if found and is_ours(kind, found, self.deployment):
                    yield found

        outcome = _or_raise(*self._all(of_this_run))
        # An endpoint that somebody else deleted is released too.
        self._write_down(run_id, outcome.alive)
        return outcome

    def ended(self, run_id: str) -> Outcome:
        """As `run`, for an execution that has ended badly: until what it was about to buy is on record, for a minute.

        What is released before it is on record is looked for again too, so that its record says that it is gone.
        """
        released: list[str] = []
        for pause in (*_STRAGGLER_PAUSES, None):
            # Asked before the look: what goes on record during one may have come too late to be seen by it.
            buying = may_be_buying(self.folder_of(run_id))
            outcome = self.run(run_id)
            released += outcome.released
            if not buying or pause is None:
                break
            self.sleep(pause)
        return Outcome(tuple(released), outcome.alive)

    def these(self, arns: Collection[str]) -> Outcome:
        """Releases those of these endpoints that are this deployment's. Raises as `run`."""

        def asked_for(kind: Endpoints) -> Iterable[Endpoint]:
            return (endpoint for endpoint in owned(kind, self.deployment) if endpoint.arn in arns)

        return _or_raise(*self._all(asked_for))

    def everything(self) -> Outcome:
        """Releases every endpoint of this deployment, whatever needs it. Raises as `run`."""
        return _or_raise(*self._all(lambda kind: owned(kind, self.deployment)))

    def sweep(self, is_needed: Callable[[Endpoints, Endpoint], bool]) -> tuple[Outcome, tuple[Failure, ...]]:
        """Releases everything of this deployment that is not needed.

        What fails is tried again with growing waits, and handed back when it fails still.
        """

        def orphans(kind: Endpoints) -> Iterable[Endpoint]:
            return (endpoint for endpoint in owned(kind, self.deployment) if not is_needed(kind, endpoint))

        started, released = self.clock(), list[str]()
        for pause in (*_SWEEP_PAUSES, None):
            outcome, failures = self._all(orphans)
            released += outcome.released
            hopeless = all(isinstance(failure.error, AccessDeniedError) for failure in failures)
            if hopeless or pause is None or self.clock() - started + pause > _SWEEP_SECONDS:
                break
            self.sleep(pause)
        return Outcome(tuple(released), outcome.alive), failures

    def _all(self, wanted: Callable[[Endpoints], Iterable[Endpoint]]) -> tuple[Outcome, tuple[Failure, ...]]:
        released: list[str] = []
        alive: list[str] = []
        failures: list[Failure] = []
        for kind in self.kinds:
            try:
                for endpoint in wanted(kind):
                    if stays_for_its_term(endpoint):
                        alive.append(endpoint.arn)
                        continue
                    try:
                        self._one(kind, endpoint)
                        released.append(endpoint.arn)
                    except TunerError as error:  # the others are released first
                        failures.append(Failure(endpoint, error))
            except TunerError as error:  # what the one kind has cannot be known: the other is released first
                failures.append(Failure(None, error))
        return Outcome(tuple(released), tuple(alive)), tuple(failures)

    def _one(self, kind: Endpoints, endpoint: Endpoint) -> None:
        run_id = run_of(endpoint, kind.tags(endpoint.arn), self.deployment)
        try:
            kind.delete(endpoint.arn)
            for _ in range(_LOOKS):
                if kind.get(endpoint.arn) is None:
                    break
                self.sleep(_PAUSE_SECONDS)
            else:
                raise StillAliveError(f"{endpoint.arn} was deleted and is still {endpoint.status}.")
        except TunerError as error:
            raise type(error)(
                f"{error} It {price_in_words(endpoint, self.price(endpoint))} until it is gone. To delete it by hand: "
                f"{delete_command(endpoint)}"
            ) from error
        self._write_down(run_id, ())

    def _write_down(self, run_id: str, alive: Sequence[str]) -> None:
        record = read(self.folder_of(run_id))
        if record and record.released_at is None and record.arn not in alive:
            write(self.folder_of(run_id), record.model_copy(update={"released_at": iso(now())}))


def may_be_buying(folder: RunFolder) -> bool:
    """Whether the run has a model that it would serve, and no purchase on record, as far as its folder can be read."""
    try:
        if folder.find(Keys.TRAINING_SUMMARY) is None or read(folder) is not None:
            return False
        return folder.manifest().settings.serving != "none"
    except TunerError:  # the look that comes next says so, once it has released what it can
        return True


def _or_raise(outcome: Outcome, failures: Sequence[Failure]) -> Outcome:
    """All failures in one error: of a class that is tried again if that can mend any of them."""
    errors = [failure.error for failure in failures]
    if errors:
        retryable = [error for error in errors if isinstance(error, RetryableError)]
        raise type((retryable or errors)[0])("\n".join(str(error) for error in errors))
    return outcome
