"""The state of the small cloud that the release protocol is explored in. It is copied at every branch of the search."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Literal

from tests.doubles import DEPLOYMENT
from tuner.core.resource_names import Tags, resource_name

Kind = Literal["training", "provisioned", "on_demand"]
HOUR = 3600.0
# A customization job takes this long; its training is done a little earlier.
JOB_SECONDS, TRAINED_SECONDS = 2 * HOUR, 2 * HOUR - 60
# States of an execution that use its job or its endpoint.
_USING = {"Wait for the training", "Check the customization", "Check the throughput", "Ask the tuned model"}
_ARN = "arn:aws:bedrock:us-east-1:123456789012"
_TYPES = {
    "training": "model-customization-job",
    "provisioned": "provisioned-model",
    "on_demand": "custom-model-deployment",
}


@dataclass(frozen=True)
class Resource:
    """A paid resource. Reads miss it before `visible_at`, and deletions answer "not found" before `deletable_at`."""

    kind: Kind
    arn: str
    name: str
    tags: Mapping[str, str]
    created_at: float
    token: str
    term: str | None = None
    visible_at: float = 0.0
    deletable_at: float = 0.0
    # When it is gone, or when the job was stopped. A time in the future: Bedrock is still deleting it.
    gone_at: float | None = None

    @property
    def run_id(self) -> str:
        """The run that created it."""
        return self.tags[Tags.RUN]

    def is_gone(self, now: float) -> bool:
        """Whether it no longer exists or, for a job, no longer trains."""
        done = self.kind == "training" and now >= self.created_at + JOB_SECONDS
        return done or (self.gone_at is not None and self.gone_at <= now)


@dataclass(frozen=True)
class Execution:
    """An execution: the state that it is in, and how often each Retry entry of that state was used."""

    run_id: str
    state: str
    status: str = "RUNNING"
    ended_at: float | None = None
    retries: Mapping[str, int] = field(default_factory=dict)


@dataclass(frozen=True)
class Event:
    """Something that happens at a time: a state of an execution, or an asynchronous invocation of the release."""

    at: float
    action: Literal["state", "rule", "switch", "sweep"]
    run_id: str = ""
    attempts: int = 0


@dataclass
class World:
    """Everything that exists, and what is going to happen."""

    now: float = 0.0
    objects: dict[str, tuple[bytes, int]] = field(default_factory=dict)
    resources: dict[str, Resource] = field(default_factory=dict)
    schedules: dict[str, tuple[float, str]] = field(default_factory=dict)
    executions: dict[str, Execution] = field(default_factory=dict)
    events: tuple[Event, ...] = ()
    # (function, operation) of calls that fail until a time.
    outages: dict[tuple[str, str], float] = field(default_factory=dict)
    # What happened to the release schedule of each run: created, deleted, fired; and when.
    armed: tuple[tuple[str, str, float], ...] = ()
    released_wrongly: tuple[str, ...] = ()
    writes: int = 0

    def copy(self) -> World:
        """An independent copy. The values are immutable."""
        return replace(
            self,
            objects=dict(self.objects),
            resources=dict(self.resources),
            schedules=dict(self.schedules),
            executions=dict(self.executions),
            outages=dict(self.outages),
        )

    def key(self) -> tuple[object, ...]:
        """Equal for equal worlds."""
        return (
            self.now,
            tuple((name, data) for name, (data, _) in sorted(self.objects.items())),
            tuple((item.arn, item.visible_at, item.deletable_at, item.gone_at) for item in self.resources.values()),
            tuple(sorted(self.schedules.items())),
            tuple((run.run_id, run.state, run.status, tuple(run.retries.items())) for run in self.executions.values()),
            self.events,
            tuple(sorted(self.outages.items())),
            self.armed,
            self.released_wrongly,
        )

    def add(self, kind: Kind, name: str, token: str, tags: Mapping[str, str], term: str | None = None) -> Resource:
        """Creates a resource."""
        arn = f"{_ARN}:{_TYPES[kind]}/{len(self.resources):012d}"
        found = Resource(kind, arn, name, tags, self.now, token, term)
        self.resources[arn] = found
        return found

    def change(self, resource: Resource, **members: float | None) -> Resource:
        """Replaces members of a resource."""
        changed = self.resources[resource.arn] = replace(resource, **members)  # type: ignore[arg-type]
        return changed

    def hide(self, seconds: float) -> None:
        """Lets reads miss everything that exists and is not being deleted, for some time."""
        for found in self.alive():
            if found.gone_at is None:
                self.change(found, visible_at=max(found.visible_at, self.now + seconds))

    def alive(self) -> list[Resource]:
        """What costs money now."""
        return [found for found in self.resources.values() if not found.is_gone(self.now)]

    def schedule(self, event: Event) -> None:
        """Lets an event happen."""
        self.events = (*self.events, event)

    def note_release(self, found: Resource) -> None:
        """Notes a release of what is not this deployment's, or of what its execution still uses."""
        execution = self.executions.get(found.run_id)
        fired = any(run == found.run_id and what == "fired" for run, what, _ in self.armed)
        used = execution is not None and execution.status == "RUNNING" and execution.state in _USING and not fired
        if used or found.tags[Tags.DEPLOYMENT] != DEPLOYMENT:
            self.released_wrongly = (*self.released_wrongly, found.arn)

    def arm(self, name: str, run_id: str, what: str) -> None:
        """Notes what happened to the release schedule of a run."""
        self.armed = (*self.armed, (run_id or _run_of(name), what, self.now))

    def end(self, run_id: str, status: str) -> None:
        """Ends an execution. The rule on ended executions reacts to all that did not succeed."""
        execution = self.executions[run_id]
        if execution.status == "RUNNING":
            self.executions[run_id] = replace(execution, status=status, ended_at=self.now)
            if status != "SUCCEEDED":
                self.schedule(Event(self.now + 1, "rule", run_id))


def _run_of(name: str) -> str:
    return name.removeprefix(resource_name(DEPLOYMENT, "x")[:-1])
