"""Deletes what costs money: the same function for the state machine, the rule, the schedule, the sweep and a person.

Nothing is touched that does not carry both this deployment's name and its tag.
"""

from __future__ import annotations

import datetime as dt
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from tuner.aws.run_folder import RunFolder
from tuner.errors import RetryableError, StillAliveError, TunerError
from tuner.run import resource_name
from tuner.serving.endpoints import Endpoint, Endpoints, is_ours, owned, run_of
from tuner.serving.purchase import read, write
from tuner.times import iso, now

# A deleted endpoint is looked for this often, with this pause, before the caller is told to come back.
_LOOKS = 8
_PAUSE_SECONDS = 2.0

_DELETE_COMMAND = {
    "provisioned": "aws bedrock delete-provisioned-model-throughput --provisioned-model-id",
    "on_demand": "aws bedrock delete-custom-model-deployment --custom-model-deployment-identifier",
}


@dataclass(frozen=True, slots=True)
class Outcome:
    """ARNs that are gone, and those that a commitment keeps alive until its term ends."""

    released: tuple[str, ...]
    alive: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Release:
    """Where a release looks and writes. `folder_of` gives a run's folder."""

    kinds: Sequence[Endpoints]
    deployment: str
    folder_of: Callable[[str], RunFolder]
    sleep: Callable[[float], None] = time.sleep

    def run(self, run_id: str) -> Outcome:
        """Releases what was bought for one run.

        Raises StillAliveError, with the command that deletes it, while something is not gone; and whatever kept a
        delete from being tried, after everything else was tried.
        """
        name = resource_name(self.deployment, run_id)

        def of_this_run(kind: Endpoints) -> Iterable[Endpoint]:
            listed = list(owned(kind, self.deployment, name))
            yield from listed
            # What was created a moment ago may not be listed yet. Looked up last: what is listed is released even if
            # the record cannot be read.
            record = read(self.folder_of(run_id))
            if record and record.kind == kind.kind and record.arn not in {endpoint.arn for endpoint in listed}:
                found = kind.get(record.arn)
                if found and is_ours(kind, found, self.deployment):
                    yield found

        outcome = self._all(of_this_run)
        # An endpoint that somebody else deleted is released too.
        self._write_down(run_id, outcome.alive)
        return outcome

    def sweep(self, is_running: Callable[[str], bool]) -> Outcome:
        """Releases everything of this deployment that belongs to no running execution."""

        def orphans(kind: Endpoints) -> Iterable[Endpoint]:
            mine = owned(kind, self.deployment)
            return (endpoint for endpoint in mine if not is_running(run_of(endpoint, self.deployment)))

        return self._all(orphans)

    def _all(self, wanted: Callable[[Endpoints], Iterable[Endpoint]]) -> Outcome:
        released: list[str] = []
        alive: list[str] = []
        failures: list[TunerError] = []
        for kind in self.kinds:
            try:
                for endpoint in wanted(kind):
                    if _committed(endpoint):
                        alive.append(endpoint.arn)
                        continue
                    try:
                        self._one(kind, endpoint)
                        released.append(endpoint.arn)
                    except TunerError as error:  # the others are released first
                        failures.append(error)
            except TunerError as error:  # what the one kind has cannot be known: the other is released first
                failures.append(error)
        if failures:
            raise _together(failures)
        return Outcome(tuple(released), tuple(alive))

    def _one(self, kind: Endpoints, endpoint: Endpoint) -> None:
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
                f"{error} It is paid for until it is gone. To delete it by hand: "
                f"{_DELETE_COMMAND[endpoint.kind]} {endpoint.arn}"
            ) from error
        self._write_down(run_of(endpoint, self.deployment), ())

    def _write_down(self, run_id: str, alive: Sequence[str]) -> None:
        record = read(self.folder_of(run_id))
        if record and record.released_at is None and record.arn not in alive:
            write(self.folder_of(run_id), record.model_copy(update={"released_at": iso(now())}))


def _committed(endpoint: Endpoint) -> bool:
    """Bedrock does not delete throughput before the end of its term."""
    return endpoint.committed_until is not None and endpoint.committed_until > dt.datetime.now(dt.UTC)


def _together(failures: Sequence[TunerError]) -> TunerError:
    """All failures in one error: of a class that is tried again if that can mend any of them."""
    retryable = [error for error in failures if isinstance(error, RetryableError)]
    return type((retryable or failures)[0])("\n".join(str(error) for error in failures))
