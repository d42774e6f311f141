"""What happens next in the world: the states of an execution, and the invocations of the release around them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace

from statemachine.retries import retriers
from tests.doubles import CUSTOM_MODEL, DEPLOYMENT, NAME, RUN, manifest
from tests.protocol import session as options
from tests.protocol.invocations import Handlers
from tests.protocol.session import Crash, Frame, Session
from tests.protocol.world import HOUR, JOB_SECONDS, Event, Execution, World
from tuner.artifacts.dataset import DatasetSummary
from tuner.artifacts.training import TrainingSummary
from tuner.core.artifact_keys import Keys
from tuner.core.errors import TunerError
from tuner.core.resource_names import Tags, candidate_name, resource_name, run_tags

AFTER_A_FAILURE = "Release after a failure"
# Task states of an execution in their order: the function of each, and the seconds until the next one.
# None: no function of the protocol; the model does what matters of it.
STATES: dict[str, tuple[str | None, float]] = {
    "Start the customization": ("start_customization", HOUR),
    "Wait for the training": (None, JOB_SECONDS - HOUR + 60),
    "Check the customization": ("check_customization", 0.0),
    "Summarize the training": (None, 0.0),
    "Arm the release switch": ("arm_release", 0.0),
    "Purchase throughput": ("purchase_throughput", 1210.0),
    "Check the throughput": ("check_throughput", 0.0),
    "Ask the tuned model": (None, 300.0),
    "Release the throughput": ("release_throughput", 0.0),
    "Score the answers": (None, 300.0),
}
_KEPT = {
    **{name: step for name, step in STATES.items() if name != "Release the throughput"},
    "Keep the throughput": ("keep_throughput", 0.0),
}
# Calls work again from this time on, so that everything must be over after two further sweeps.
RECOVERED, END = 14 * HOUR, 18 * HOUR
FIRST_SWEEP = 2700.0
UNREADABLE = b"{"
# An endpoint that a run left, and another one that only has this deployment's name.
ORPHAN, FOREIGN = "a-left-one", "another-ones"
_ASYNC_RETRIES = (60.0, 120.0)
_LONG_WAIT = 5 * HOUR

Interrupts = Mapping[str, Callable[[], None]]


@dataclass(frozen=True)
class Situation:
    """What the run asks for."""

    name: str
    serving: str = "provisioned"
    keep_hours: int = 0
    candidates: int = 0
    # Whether there are an endpoint of an ended run whose record cannot be read, and one of another deployment.
    others: bool = False

    @property
    def states(self) -> dict[str, tuple[str | None, float]]:
        """The Task states of the run in their order."""
        return _KEPT if self.keep_hours else STATES


SITUATIONS = (
    Situation("provisioned throughput"),
    Situation("on-demand deployment", serving="on_demand"),
    Situation("kept after the evaluation", keep_hours=1),
    Situation("beside endpoints of other runs", others=True),
    Situation("three candidates in two places", serving="on_demand", candidates=3),
)


def start(situation: Situation) -> World:
    """A run whose cost is estimated, before its customization job is started."""
    rates = [0.00001 * number for number in range(1, situation.candidates + 1)]
    candidates = [{"hyperparameters": {"learningRate": rates}}] if rates else []
    world = World()
    run = manifest(serving=situation.serving, keep_hours=situation.keep_hours, candidates=candidates)
    _save(world, Keys.MANIFEST, run.to_json())
    _save(world, Keys.ESTIMATE, b"{}")
    _save(world, Keys.DATASET_SUMMARY, DatasetSummary(training_records=100, validation_records=0).to_json())
    _save(world, Keys.TRAINING, b"training")
    if situation.others:
        for run_id, deployment in ((ORPHAN, DEPLOYMENT), (FOREIGN, "another")):
            name = resource_name(DEPLOYMENT, run_id)
            world.add("provisioned", name, "", run_tags(deployment, run_id))
            world.executions[run_id] = Execution(run_id, AFTER_A_FAILURE, "FAILED", 0.0)
        world.objects[Keys.folder(ORPHAN) + Keys.ENDPOINT] = (UNREADABLE, 0)
        world.arm("", ORPHAN, "created")
    first = next(iter(situation.states))
    world.executions[RUN] = Execution(RUN, first)
    world.schedule(Event(0.0, "state", RUN))
    world.schedule(Event(FIRST_SWEEP, "sweep"))
    return world


def _save(world: World, name: str, data: bytes) -> None:
    world.writes += 1
    world.objects[Keys.folder(RUN) + name] = (data, world.writes)


@dataclass(frozen=True)
class Transitions:
    """Lets the events of a world happen, one at a time."""

    situation: Situation
    handlers: Handlers

    def next_event(self, world: World) -> Event | None:
        """What happens next; None when nothing more can happen."""
        if self._is_quiet(world) or world.now > END:
            return None
        fires = [Event(at, "switch", run_id) for at, run_id in world.schedules.values()]
        return min((*world.events, *fires), key=lambda event: (event.at, event.action, event.run_id), default=None)

    def happen(self, session: Session, event: Event) -> None:
        """Lets an event happen in the session's world."""
        self.handlers.session, world = session, session.world
        world.now = max(world.now, event.at)
        if world.now >= RECOVERED:
            session.budget = 0
            world.outages = {}
        self._take(world, event)
        if event.action == "state":
            self._state(session, event)
        else:
            self._invocation(session, event)

    def _take(self, world: World, event: Event) -> None:
        world.events = tuple(other for other in world.events if other is not event)
        if event.action == "switch" and not event.attempts:
            name = next((name for name, (_, run) in world.schedules.items() if run == event.run_id), None)
            if name:
                del world.schedules[name]
                world.arm(name, event.run_id, "fired")
        if event.action == "sweep":
            world.schedule(Event(event.at + HOUR, "sweep"))

    def _is_quiet(self, world: World) -> bool:
        """Whether only sweeps are left, and they have nothing to do."""
        running = any(run.status == "RUNNING" for run in world.executions.values())
        due = any(event.action != "sweep" for event in world.events)
        alive = [found for found in world.alive() if found.tags[Tags.DEPLOYMENT] == DEPLOYMENT]
        return not (running or due or alive or world.schedules)

    def _state(self, session: Session, event: Event) -> None:
        world = session.world
        execution = world.executions[event.run_id]
        if execution.status != "RUNNING":
            return
        option = session.choose(execution.state, "the execution", (options.STOPPED, options.LONG_WAIT))
        if option == options.STOPPED:
            world.end(event.run_id, "ABORTED")
        elif option == options.LONG_WAIT:
            world.schedule(replace(event, at=world.now + _LONG_WAIT))
        else:
            self._run_state(session, execution, self._interrupts(session, execution))

    def _run_state(self, session: Session, execution: Execution, interrupts: Interrupts) -> None:
        function = self._function(execution)
        if function:
            frame = Frame(execution.state, function, interrupts)
            error, status = self._call(session, frame, {"run_id": execution.run_id})
        else:
            error, status = self._without_function(session.world, execution), None
        # Somebody may have stopped the execution meanwhile: it then ignores what the function returns.
        if session.world.executions[execution.run_id].status == "RUNNING":
            self._after(session.world, execution, error, status)

    def _function(self, execution: Execution) -> str | None:
        return self.situation.states.get(execution.state, ("release_throughput", 0.0))[0]

    def _interrupts(self, session: Session, execution: Execution) -> Interrupts:
        """What may run while the function of a state is at work."""

        def stop(meanwhile: bool) -> None:
            session.world.end(execution.run_id, "ABORTED")
            rule = next((event for event in session.world.events if event.action == "rule"), None)
            if meanwhile and rule:
                self._take(session.world, rule)
                self._invocation(session, rule)

        def again() -> None:
            function = self._function(execution)
            if function:
                self._call(session, Frame(execution.state, function), {"run_id": execution.run_id})

        return {
            options.STOP_HERE: lambda: stop(meanwhile=True),
            options.STOP_BEFORE: lambda: stop(meanwhile=False),
            options.SWEEP_HERE: lambda: self._sweep_now(session),
            options.TWICE: again,
        }

    def _call(self, session: Session, frame: Frame, payload: dict[str, object]) -> tuple[str | None, str | None]:
        """Invokes a function. Returns the name of its error, as Step Functions sees it, and its result's status."""
        session.frames.append(frame)
        try:
            return None, self.handlers.invoke(frame.function, payload)
        except Crash:
            return "Lambda.Unknown", None
        except TunerError as error:
            return type(error).__name__, None
        finally:
            session.frames.pop()

    def _after(self, world: World, execution: Execution, error: str | None, status: str | None) -> None:
        if error is None:
            if execution.state == AFTER_A_FAILURE:
                world.end(execution.run_id, "FAILED")
            elif self.situation.candidates and execution.state == "Check the customization" and status != "Completed":
                self._look_again(world, execution, status)
            else:
                self._go_on(world, execution)
            return
        used = dict(execution.retries)
        for retrier in retriers(execution.state):
            if error in retrier.errors:
                count = used.get(retrier.name, 0)
                if count < retrier.attempts:
                    wait = list(retrier.waits())[count]
                    world.executions[execution.run_id] = replace(execution, retries={**used, retrier.name: count + 1})
                    world.schedule(Event(world.now + wait, "state", execution.run_id))
                    return
                break
        if execution.state == AFTER_A_FAILURE:
            world.end(execution.run_id, "FAILED")
        else:
            world.executions[execution.run_id] = Execution(execution.run_id, AFTER_A_FAILURE)
            world.schedule(Event(world.now, "state", execution.run_id))

    def _look_again(self, world: World, execution: Execution, status: str | None) -> None:
        """What follows when not all candidates have ended: a place for the next one, or a wait."""
        if status == "PlaceFree":
            world.executions[execution.run_id] = Execution(execution.run_id, "Start the customization")
            world.schedule(Event(world.now, "state", execution.run_id))
        else:
            world.executions[execution.run_id] = Execution(execution.run_id, execution.state)
            world.schedule(Event(world.now + HOUR, "state", execution.run_id))

    def _go_on(self, world: World, execution: Execution) -> None:
        names = list(self.situation.states)
        position = names.index(execution.state) + 1
        wait = self.situation.states[execution.state][1]
        if position == len(names):
            world.end(execution.run_id, "SUCCEEDED")
            return
        world.executions[execution.run_id] = Execution(execution.run_id, names[position])
        world.schedule(Event(world.now + wait, "state", execution.run_id))

    def _without_function(self, world: World, execution: Execution) -> str | None:
        """What a state does whose function is not part of the model. Returns its error."""
        if execution.state == "Summarize the training":
            name = candidate_name(DEPLOYMENT, RUN, 1) if self.situation.candidates else NAME
            summary = TrainingSummary(job_name=name, custom_model_arn=CUSTOM_MODEL, status="Completed")
            _save(world, Keys.TRAINING_SUMMARY, summary.to_json())
        # Without its endpoint, the run fails when it asks.
        used = any(found.run_id == execution.run_id for found in world.alive())
        return "EvaluationError" if execution.state == "Ask the tuned model" and not used else None

    def _invocation(self, session: Session, event: Event) -> None:
        """An asynchronous invocation of the release. Lambda repeats it twice when it fails."""
        world = session.world
        interrupts = {} if session.frames else self._between(session, event)
        frame = Frame(f"release_throughput by the {event.action}", "release_throughput", interrupts)
        error, _ = self._call(session, frame, _payload(world, event))
        if error and event.attempts < len(_ASYNC_RETRIES):
            pause = _ASYNC_RETRIES[event.attempts]
            world.schedule(Event(world.now + pause, event.action, event.run_id, event.attempts + 1))

    def _between(self, session: Session, event: Event) -> Interrupts:
        if event.action != "sweep":
            return {options.SWEEP_HERE: lambda: self._sweep_now(session)}
        return {options.STEP_HERE: lambda: self._state_now(session)}

    def _sweep_now(self, session: Session) -> None:
        frame = Frame("release_throughput by the sweep", "release_throughput")
        self._call(session, frame, {"sweep": True})

    def _state_now(self, session: Session) -> None:
        """The next state of the execution runs while a sweep is in progress, if it is due within the sweep's time."""
        world = session.world
        due = [event for event in world.events if event.action == "state" and event.at < world.now + 200]
        if due:
            world.now = max(world.now, due[0].at)
            self._take(world, due[0])
            execution = world.executions[due[0].run_id]
            if execution.status == "RUNNING":
                self._run_state(session, execution, {})


def _payload(world: World, event: Event) -> dict[str, object]:
    if event.action == "sweep":
        return {"sweep": True}
    if event.action == "rule":
        return {"detail": {"name": event.run_id, "status": world.executions[event.run_id].status}}
    return {"run_id": event.run_id}
