"""Runs the real handlers of the release protocol against the world, with its clock instead of the real one."""

from __future__ import annotations

import datetime as dt
import inspect
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from functools import lru_cache, partial
from types import SimpleNamespace
from typing import Any
from unittest import mock

from pydantic import BaseModel

import lambdas.arm_release
import lambdas.check_customization
import lambdas.check_throughput
import lambdas.keep_throughput
import lambdas.purchase_throughput
import lambdas.release_throughput
import lambdas.start_customization
import tuner.artifacts.base
import tuner.aws.clients
import tuner.aws.s3.run_folder
import tuner.core.times
import tuner.serving.deletion
import tuner.serving.release
import tuner.training.job
from lambdas.step import Environment, RunEvent
from tests.doubles import DEPLOYMENT
from tests.protocol.clients import CLIENTS, instant
from tests.protocol.session import Session
from tuner.settings import DeploymentSettings

SETTINGS = DeploymentSettings.model_validate(
    {"name": DEPLOYMENT, "longest_keep_hours": 2, "longest_throughput_hours": 4}
)
BUCKET = "artifacts"

_HANDLERS = {
    "start_customization": lambdas.start_customization,
    "check_customization": lambdas.check_customization,
    "arm_release": lambdas.arm_release,
    "purchase_throughput": lambdas.purchase_throughput,
    "check_throughput": lambdas.check_throughput,
    "release_throughput": lambdas.release_throughput,
    "keep_throughput": lambdas.keep_throughput,
}
_EVENTS: Mapping[str, type[BaseModel]] = {
    "purchase_throughput": lambdas.purchase_throughput.PurchaseEvent,
    "release_throughput": lambdas.release_throughput.ReleaseEvent,
}


class Handlers:
    """The handlers, bound to the session that is in progress."""

    def __init__(self) -> None:
        self.session = Session(world=None)  # type: ignore[arg-type]
        self._environment = Environment(
            deployment=SETTINGS.model_dump_json(),
            data_bucket="data",
            artifacts_bucket=BUCKET,
            state_machine_arn="arn:aws:states:us-east-1:123456789012:stateMachine:tuner",
            customization_role_arn="arn:aws:iam::123456789012:role/customization",
            topic_arn="arn:aws:sns:us-east-1:123456789012:tuner",
            release_function_arn="arn:aws:lambda:us-east-1:123456789012:function:release",
            scheduler_role_arn="arn:aws:iam::123456789012:role/scheduler",
            schedule_group="tuner",
        )
        # Without the decorators: logs, traces and metrics are not part of the protocol.
        self._functions = {name: inspect.unwrap(module.handler) for name, module in _HANDLERS.items()}

    def invoke(self, function: str, event: Mapping[str, Any]) -> str | None:
        """Runs a handler, and returns the status in its result. Raises what it raises."""
        parsed = _EVENTS.get(function, RunEvent).model_validate(dict(event))
        status: str | None = getattr(self._functions[function](parsed, self._environment), "status", None)
        return status


def _ignored(*_: object, **__: object) -> None:
    pass


class _InTurn:
    """Runs the calls of a pool one after the other, in their order: every run of a path is the same."""

    def __init__(self, _: int) -> None:
        pass

    def __enter__(self) -> _InTurn:
        return self

    def __exit__(self, *_: object) -> None:
        pass

    def map(self, call: Callable[[Any], Any], items: Iterable[Any]) -> list[Any]:
        return [call(item) for item in items]


@contextmanager
def handlers() -> Iterator[Handlers]:
    """The handlers with clients, clocks and pauses of the world. Everything is as before afterwards."""
    found = Handlers()

    def session() -> Session:
        return found.session

    class Clock(dt.datetime):
        @classmethod
        def now(cls, tz: dt.tzinfo | None = None) -> Any:
            return instant(session().world.now)

    def sleep(seconds: float) -> None:
        session().sleep(seconds)

    clients = {service: kind(session) for service, kind in CLIENTS.items()}
    release = partial(tuner.serving.release.Release, sleep=sleep, clock=lambda: session().world.now)
    replaced: list[tuple[Any, str, Any]] = [
        (tuner.aws.clients, "boto3", SimpleNamespace(client=lambda service, **_: clients[service])),
        # Artifacts are immutable, and each path reads the same ones again.
        (tuner.aws.s3.run_folder, "parse", lru_cache(maxsize=4096)(tuner.artifacts.base.parse)),
        (tuner.core.times, "dt", SimpleNamespace(datetime=Clock, UTC=dt.UTC)),
        (tuner.serving.deletion, "ThreadPoolExecutor", _InTurn),
        (tuner.serving.release, "ThreadPoolExecutor", _InTurn),
        (tuner.training.job, "JobStarter", partial(tuner.training.job.JobStarter, sleep=sleep)),
        (lambdas.release_throughput, "Release", release),
        (lambdas.release_throughput, "metrics", SimpleNamespace(add_metric=_ignored)),
        (lambdas.release_throughput, "logger", SimpleNamespace(info=_ignored, error=_ignored)),
        (lambdas.release_throughput, "_price", lambda _: lambda _: 1.0),
    ]
    with ExitStack() as stack:
        for place, name, value in replaced:
            stack.enter_context(mock.patch.object(place, name, value))
        tuner.aws.clients.client.cache_clear()
        stack.callback(tuner.aws.clients.client.cache_clear)
        yield found
