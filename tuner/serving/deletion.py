"""Deletes paid resources: asks Bedrock to delete all of them, and then looks until all are gone.

A resource is deleted only if both its name and its tag are the deployment's. Bedrock is eventually consistent: one
read may miss a resource that exists, so a resource counts as gone only after two looks in a row that miss it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Literal

from tuner.aws.bedrock.resources import PaidResource
from tuner.core.errors import AccessDeniedError, AwsError, StillAliveError, TunerError
from tuner.core.times import iso, now
from tuner.serving.inventory import HourlyPrice, delete_command, is_committed, price_text
from tuner.serving.paid_resources import Releasable, belongs_to, run_id_of

# How often the deleted resources are looked at, and the pause in between, before the caller has to try again.
_LOOKS = 9
_PAUSE_SECONDS = 2.0
# Looks in a row that must miss a resource whose deletion Bedrock accepted.
_LOOKS_WITHOUT = 2
# A sweep with 200 resources to delete has about 1,000 calls to make in four minutes.
PARALLEL_CALLS = 8

Candidates = Callable[[Releasable], Iterable[PaidResource]]
Choice = Callable[[Releasable, PaidResource], bool]


@dataclass(frozen=True, slots=True)
class Failure:
    """A resource that could not be released. `resource` is None when a kind of resource could not even be listed.

    A resource that `is_gone` was released, but that could not be recorded in the folder of its run.
    """

    resource: PaidResource | None
    error: TunerError
    is_gone: bool = False


@dataclass(frozen=True, slots=True)
class DeletionAttempt:
    """What became of a resource when its deletion was asked for at time `at`. `run_id` is the run that created it."""

    kind: Releasable
    resource: PaidResource
    state: Literal["needed", "committed", "completing", "deleted", "failed"]
    run_id: str = ""
    at: str = ""
    error: TunerError | None = None


@dataclass(frozen=True, slots=True)
class Deletion:
    """What is gone, what stays because of a commitment or to complete, and what could not be deleted."""

    gone: tuple[DeletionAttempt, ...]
    committed: tuple[str, ...]
    completing: tuple[str, ...]
    failures: tuple[Failure, ...]


def delete_resources(
    kinds: Sequence[Releasable],
    deployment: str,
    candidates: Candidates,
    wanted: Choice,
    price: HourlyPrice,
    sleep: Callable[[float], None],
) -> Deletion:
    """Deletes the wanted candidates of every kind that are this deployment's.

    A failure does not keep the others from being deleted.
    """
    asked: list[DeletionAttempt] = []
    failures: list[Failure] = []
    with ThreadPoolExecutor(PARALLEL_CALLS) as pool:
        for kind in kinds:
            found, error = _until_error(candidates(kind))
            asked += pool.map(lambda resource, kind=kind: _ask(kind, resource, deployment, wanted), found)
            failures += [Failure(None, error)] if error else []
        deleted = [entry for entry in asked if entry.state == "deleted"]
        alive = _look(deleted, pool, sleep)
    failures += [_failure(entry.resource, entry.error, price) for entry in asked if entry.error]
    gone = tuple(entry for entry in deleted if entry.resource.arn not in alive)
    failures += [
        _failure(entry.resource, alive[entry.resource.arn], price) for entry in deleted if entry.resource.arn in alive
    ]
    committed, completing = (
        tuple(entry.resource.arn for entry in asked if entry.state == state) for state in ("committed", "completing")
    )
    return Deletion(gone, committed, completing, tuple(failures))


def ask_to_delete(kind: Releasable, arn: str) -> None:
    """Asks Bedrock to delete one resource. It is no error when it is gone."""
    try:
        kind.delete(arn)
    except AccessDeniedError:
        # The permission requires the deployment's tag. A resource that another release has just deleted has no tags any
        # more, so that Bedrock answers AccessDenied instead of "not found".
        found = kind.get(arn)
        if found and not found.has_ended:
            raise


def as_tuner_error(error: Exception) -> TunerError:
    """The error itself, or one that names an unexpected one."""
    return error if isinstance(error, TunerError) else AwsError(f"Unexpected {type(error).__name__}: {error}")


def _ask(kind: Releasable, resource: PaidResource, deployment: str, wanted: Choice) -> DeletionAttempt:
    try:
        if not belongs_to(deployment, kind, resource) or not wanted(kind, resource):
            return DeletionAttempt(kind, resource, "needed")
        if resource.completing:
            return DeletionAttempt(kind, resource, "completing")
        if is_committed(resource):
            return DeletionAttempt(kind, resource, "committed")
        # Read before the deletion: afterwards the tags may be gone.
        run_id = run_id_of(resource, kind.tags(resource.arn), deployment)
        seen_at = iso(now())
        ask_to_delete(kind, resource.arn)
    except Exception as error:  # one resource must not keep the others from being deleted
        return DeletionAttempt(kind, resource, "failed", error=as_tuner_error(error))
    return DeletionAttempt(kind, resource, "deleted", run_id, seen_at)


def _look(
    deleted: Sequence[DeletionAttempt], pool: ThreadPoolExecutor, sleep: Callable[[float], None]
) -> dict[str, TunerError]:
    """Looks until all are gone, at most `_LOOKS` times. Returns why the others count as alive, by ARN."""
    misses = {entry.resource.arn: 0 for entry in deleted}
    reasons: dict[str, TunerError] = {}
    for look in range(_LOOKS):
        waiting = [entry for entry in deleted if misses[entry.resource.arn] < _LOOKS_WITHOUT]
        if not waiting:
            break
        if look:
            sleep(_PAUSE_SECONDS)
        for entry, seen in zip(waiting, pool.map(_look_at, waiting), strict=True):
            arn = entry.resource.arn
            if isinstance(seen, TunerError):
                misses[arn], reasons[arn] = 0, seen
            else:
                misses[arn] += _LOOKS_WITHOUT if seen == "ended" else 1
    return {arn: reasons[arn] for arn, missed in misses.items() if missed < _LOOKS_WITHOUT}


def _look_at(entry: DeletionAttempt) -> Literal["missing", "ended"] | TunerError:
    """What a look at a deleted resource finds: an error while it counts as alive."""
    try:
        found = entry.kind.get(entry.resource.arn)
    except TunerError as error:
        return error
    if found is None:
        return "missing"
    return "ended" if found.has_ended else StillAliveError(f"{found.arn} was deleted and is still {found.status}.")


def _failure(resource: PaidResource, error: TunerError, price: HourlyPrice) -> Failure:
    """The failure with what the resource costs and the command that deletes it."""
    text = (
        f"{error} It {price_text(resource, price(resource))} until it is gone. To delete it by hand: "
        f"{delete_command(resource)}"
    )
    return Failure(resource, type(error)(text))


def _until_error(resources: Iterable[PaidResource]) -> tuple[list[PaidResource], TunerError | None]:
    """The resources that could be listed, and the error that ended the list early."""
    found: list[PaidResource] = []
    try:
        found.extend(resources)
    except TunerError as error:
        return found, error
    return found, None
