"""What must hold in every state of the release protocol, over facts that the model and the chaos harness both have.

Each invariant yields a sentence for each violation.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass


@dataclass(frozen=True)
class Endpoint:
    """An endpoint that was bought. Times are in seconds since any fixed moment. `gone_at` is None while it is alive."""

    run_id: str
    arn: str
    name: str
    bought_at: float
    gone_at: float | None
    committed: bool = False
    # Until when the run asked to keep it.
    kept_until: float = 0.0


@dataclass(frozen=True)
class Facts:
    """What happened until `now`.

    `released` has the ARNs that a record calls released, and when. `armed` are the changes of the runs' release
    schedules in their order: created, moved, deleted or fired. `jobs` are the runs of the customization jobs in
    progress, and `jobs_started` the names of all jobs.
    """

    now: float
    endpoints: tuple[Endpoint, ...]
    released: Mapping[str, float]
    armed: tuple[tuple[str, str, float], ...]
    statuses: Mapping[str, str]
    jobs: tuple[str, ...] = ()
    jobs_started: tuple[str, ...] = ()
    released_wrongly: tuple[str, ...] = ()

    @property
    def alive(self) -> list[Endpoint]:
        """Endpoints that are paid for by the hour now."""
        return [found for found in self.endpoints if found.gone_at is None and not found.committed]


Invariant = Callable[[Facts], Iterator[str]]


def one_purchase(facts: Facts) -> Iterator[str]:
    """No endpoint of a name was bought more than once, even if it was deleted soon."""
    for name, count in Counter(found.name for found in facts.endpoints).items():
        if count > 1:
            yield f"{name} was bought {count} times"


def released_only_when_gone(facts: Facts) -> Iterator[str]:
    """No record calls an endpoint released that is alive, or before it was gone."""
    for found in facts.endpoints:
        recorded = facts.released.get(found.arn)
        # Records have whole seconds.
        if recorded is not None and (found.gone_at is None or recorded + 1 < found.gone_at):
            yield f"{found.arn} is recorded as released and is alive"


def armed_before_bought(facts: Facts) -> Iterator[str]:
    """The release schedule of a run is created before its endpoint is bought."""
    for found in facts.endpoints:
        created = [at for run, what, at in facts.armed if run == found.run_id and what == "created"]
        if not found.committed and not any(at <= found.bought_at for at in created):
            yield f"{found.arn} was bought without a release schedule"


def armed_while_alive(facts: Facts) -> Iterator[str]:
    """Nobody deletes the release schedule of a run whose endpoint is alive."""
    for found in facts.endpoints:
        deleted = [at for run, what, at in facts.armed if run == found.run_id and what == "deleted"]
        until = facts.now if found.gone_at is None else found.gone_at
        if not found.committed and any(found.bought_at <= at < until for at in deleted):
            yield f"the release schedule of {found.run_id} was deleted while {found.arn} was alive"


def one_job_of_a_name(facts: Facts) -> Iterator[str]:
    """No run has started more than one customization job, or more than one for each candidate."""
    for name, count in Counter(facts.jobs_started).items():
        if count > 1:
            yield f"{name} was started {count} times"


def no_wrong_release(facts: Facts) -> Iterator[str]:
    """No release deletes what is not this deployment's, or what an execution is using and entitled to."""
    for arn in facts.released_wrongly:
        yield f"{arn} was deleted, although it was in use or another deployment's"


ALWAYS: tuple[Invariant, ...] = (
    one_purchase,
    released_only_when_gone,
    armed_before_bought,
    armed_while_alive,
    one_job_of_a_name,
    no_wrong_release,
)


def nothing_is_alive(facts: Facts) -> Iterator[str]:
    """No endpoint is alive, except for a commitment."""
    for found in facts.alive:
        yield f"LEAK: {found.arn} is alive"


def every_job_has_an_owner(facts: Facts) -> Iterator[str]:
    """Every customization job in progress belongs to a running execution."""
    for run in facts.jobs:
        if facts.statuses.get(run) != "RUNNING":
            yield f"LEAK: the job of {run} is training and no execution waits for it"


def every_execution_has_ended(facts: Facts) -> Iterator[str]:
    """No execution is running."""
    for run, status in facts.statuses.items():
        if status == "RUNNING":
            yield f"{run} is still running"


AT_THE_END: tuple[Invariant, ...] = (*ALWAYS, nothing_is_alive, every_job_has_an_owner, every_execution_has_ended)


def after_a_sweep(facts: Facts, longest_seconds: float, young_seconds: float) -> Iterator[str]:
    """A sweep without a fault leaves nothing alive that no run needs, unless Bedrock may not show it yet."""
    for found in facts.alive:
        age = facts.now - found.bought_at
        running = facts.statuses.get(found.run_id) == "RUNNING" and age < longest_seconds
        if not running and age > young_seconds and facts.now > found.kept_until:
            yield f"{found.arn} is alive after a sweep, although no run needs it"
    yield from every_job_has_an_owner(facts)


def within_the_bound(facts: Facts, bound_seconds: float) -> Iterator[str]:
    """No endpoint is alive longer than the bound, counted from its purchase or from the end of its being kept."""
    for found in facts.alive:
        if facts.now - max(found.bought_at, found.kept_until) > bound_seconds:
            yield f"{found.arn} has been alive for {(facts.now - found.bought_at) / 3600:.1f} hours"


def findings(facts: Facts, invariants: Collection[Invariant]) -> list[str]:
    """The violations of all these invariants."""
    return [finding for invariant in invariants for finding in invariant(facts)]
