"""Explores all traces of a run with up to a number of deviations, the shortest first."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass, field
from zlib import crc32

from tests.doubles import DEPLOYMENT
from tests.protocol import invariants
from tests.protocol.clients import seconds
from tests.protocol.invariants import ALWAYS, AT_THE_END, Endpoint, Facts, findings
from tests.protocol.invocations import SETTINGS, Handlers
from tests.protocol.session import LAG_SECONDS, OUTAGE_SECONDS, Deviation, Session
from tests.protocol.transitions import UNREADABLE, Situation, Transitions, start
from tests.protocol.world import HOUR, Event, World
from tuner.core.artifact_keys import Keys
from tuner.core.resource_names import Tags

_LONGEST = SETTINGS.longest_throughput_hours * HOUR


@dataclass(frozen=True)
class Violation:
    """A trace that violates invariants: what deviated, and what is wrong."""

    situation: str
    trace: tuple[Deviation, ...]
    findings: tuple[str, ...]
    at: float

    def __str__(self) -> str:
        lines = [f"{self.situation}, {len(self.trace)} deviations:", *(f"  {step}" for step in self.trace)]
        return "\n".join([*lines, *(f"  {self.at:8.0f} s  VIOLATED: {found}" for found in self.findings)])


@dataclass
class Exploration:
    """What was explored: how many events happened, with how many AWS calls, and the traces that came to an end."""

    situation: Situation
    events: int = 0
    calls: int = 0
    violations: list[Violation] = field(default_factory=list)
    ended: list[tuple[Deviation, ...]] = field(default_factory=list)


@dataclass(frozen=True)
class _Node:
    world: World
    trace: tuple[Deviation, ...] = ()


@dataclass(frozen=True)
class Part:
    """One of several parts of the traces: each trace is in the part that its first deviation decides."""

    number: int = 0
    of: int = 1

    def has(self, trace: tuple[Deviation, ...]) -> bool:
        """Whether the part has the trace. Every part has the one without a deviation."""
        return not trace or crc32(str(trace[0]).encode()) % self.of == self.number


WHOLE = Part()


@dataclass(frozen=True)
class _Limits:
    budget: int
    only: Collection[str]
    part: Part


def explore(
    handlers: Handlers,
    situation: Situation,
    most: int,
    only: Collection[str] = (),
    visit: Callable[[tuple[Deviation, ...]], None] = lambda _: None,
    to_the_end: bool = True,
    part: Part = WHOLE,
) -> Exploration:
    """Explores the situation with up to `most` deviations, of those in `only`, or of all if it is empty.

    It ends at the first violations. `visit` gets every trace, even if it leads to a known world. Unless `to_the_end`, a
    trace ends with its last deviation: then nothing is known of what follows. Of the traces with deviations, only those
    of the `part` are explored.
    """
    transitions, found = Transitions(situation, handlers), Exploration(situation)
    levels: dict[int, list[_Node]] = {0: [_Node(start(situation))]}
    seen: set[int] = set()
    for used in range(most + 1 if to_the_end else most):
        nodes = levels.pop(used, [])
        while nodes:
            node = nodes.pop()
            # A trace with fewer deviations, or with the same number, has already led to this world.
            key = hash(node.world.key())
            if key in seen:
                continue
            seen.add(key)
            event = transitions.next_event(node.world)
            if event is None:
                wrong = findings(facts_of(node.world), AT_THE_END)
                found.ended.append(node.trace)
                _note(found, node.world, node.trace, wrong)
            else:
                for child in _children(transitions, node, event, _Limits(most - used, only, part), found):
                    visit(child.trace)
                    level = len(child.trace)
                    (nodes if level == used else levels.setdefault(level, [])).append(child)
            if found.violations:
                return found
    return found


def _children(
    transitions: Transitions, node: _Node, event: Event, limits: _Limits, found: Exploration
) -> Iterator[_Node]:
    """What the event may lead to: one node for each combination of deviations in it."""
    todo: list[dict[int, str]] = [{}]
    while todo:
        wanted = todo.pop()
        session = Session(node.world.copy(), wanted, limits.budget - len(wanted), limits.only)
        transitions.happen(session, event)
        found.events += 1
        found.calls += session.calls
        if not limits.part.has((*node.trace, *session.taken)):
            continue
        for position, options in session.possible:
            todo += [{**wanted, position: option} for option in options]
        child = _Node(session.world, (*node.trace, *session.taken))
        wrong = _wrong(child, event)
        _note(found, child.world, child.trace, wrong)
        if not wrong:
            yield child


def _wrong(child: _Node, event: Event) -> list[str]:
    facts, world = facts_of(child.world), child.world
    wrong = findings(facts, ALWAYS)
    outage = OUTAGE_SECONDS * sum("lasting" in step.option for step in child.trace)
    bound = _LONGEST + (2 + len(child.trace)) * HOUR + outage
    wrong += invariants.within_the_bound(facts, bound)
    hidden = any(found.visible_at > event.at for found in world.alive())
    undisturbed = not (any(step.at >= event.at for step in child.trace) or world.outages or hidden)
    if event.action == "sweep" and undisturbed:
        wrong += invariants.after_a_sweep(facts, _LONGEST, LAG_SECONDS + 60)
    return wrong


def _note(found: Exploration, world: World, trace: tuple[Deviation, ...], wrong: list[str]) -> None:
    if wrong:
        found.violations.append(Violation(found.situation.name, trace, tuple(wrong), world.now))


def facts_of(world: World) -> Facts:
    """The facts of a world."""
    endpoints = tuple(
        Endpoint(
            item.run_id,
            item.arn,
            item.name,
            item.created_at,
            item.gone_at if item.is_gone(world.now) else None,
            item.term is not None,
            _time(item.tags.get(Tags.KEPT_UNTIL)) or 0.0,
        )
        for item in world.resources.values()
        if item.kind != "training" and item.tags[Tags.DEPLOYMENT] == DEPLOYMENT
    )
    jobs = tuple(item.run_id for item in world.alive() if item.kind == "training")
    return Facts(
        now=world.now,
        endpoints=endpoints,
        released=dict(_released(world)),
        armed=world.armed,
        statuses={run: execution.status for run, execution in world.executions.items()},
        jobs=jobs,
        jobs_started=tuple(item.name for item in world.resources.values() if item.kind == "training"),
        released_wrongly=world.released_wrongly,
    )


def _released(world: World) -> Iterator[tuple[str, float]]:
    for key, (data, _) in world.objects.items():
        if key.endswith(Keys.ENDPOINT) and data != UNREADABLE:
            record: Mapping[str, str] = json.loads(data)
            at = _time(record.get("released_at"))
            if at is not None:
                yield record["arn"], at


def _time(text: str | None) -> float | None:
    return seconds(dt.datetime.fromisoformat(text)) if text else None
