"""Clients of AWS that work on the world: those calls of boto3 that the functions of the release protocol make."""

from __future__ import annotations

import datetime as dt
import io
import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from tests.protocol import session as options
from tests.protocol.session import AFTERGLOW_SECONDS, LAG_SECONDS, ModelError, Session, client_error
from tests.protocol.world import JOB_SECONDS, TRAINED_SECONDS, Kind, Resource

EPOCH = dt.datetime(2026, 11, 23, 7, tzinfo=dt.UTC)
MODEL = "arn:aws:bedrock:us-east-1:123456789012:custom-model/amazon.nova-micro-v1:0:128k/"
_READY_SECONDS = 1200.0
# Without a token, a second resource of the same name could be created within this time.
_NAME_SECONDS = 60.0
_KINDS: dict[str, Kind] = {
    "ProvisionedModelThroughput": "provisioned",
    "CustomModelDeployment": "on_demand",
    "ModelCustomizationJob": "training",
}
# Members of a request that name a resource, and its name.
_IDS = ("provisionedModelId", "customModelDeploymentIdentifier", "jobIdentifier")
_NAMES = ("provisionedModelName", "modelDeploymentName", "jobName")
_LISTS = {
    "provisioned": "provisionedModelSummaries",
    "on_demand": "modelDeploymentSummaries",
    "training": "modelCustomizationJobSummaries",
}


def instant(seconds: float) -> dt.datetime:
    """A time of the world as a date and time."""
    return EPOCH + dt.timedelta(seconds=seconds)


def seconds(at: dt.datetime) -> float:
    """A date and time as a time of the world."""
    return (at - EPOCH).total_seconds()


class Client:
    """A client: the method `create_x` is the operation `CreateX`, which is the method `_create_x` of its class."""

    service = ""

    def __init__(self, session: Callable[[], Session]) -> None:
        self._session = session

    @property
    def _world(self) -> Any:
        return self._session().world

    def get_paginator(self, name: str) -> Any:
        """A paginator with one page."""
        return _Paginator(getattr(self, name))

    def _read(self, operation: str, true: Callable[[], Any], **stale: Callable[[], Any]) -> Any:
        reads = {"": true, **{getattr(options, name): read for name, read in stale.items()}}
        return self._session().read(self.service, operation, reads)

    def _write(self, operation: str, effect: Callable[[], Any]) -> Any:
        return self._session().write(self.service, operation, effect)[0]


@dataclass(frozen=True)
class _Paginator:
    call: Callable[..., Any]

    def paginate(self, **members: Any) -> Iterator[Any]:
        yield self.call(**members)


class S3(Client):
    """Strongly consistent, as S3 is."""

    service = "s3"

    def get_object(self, Bucket: str, Key: str) -> Any:
        def read() -> Any:
            data, version = self._world.objects.get(Key, (None, 0))
            if data is None:
                raise client_error("NoSuchKey", "GetObject")
            return data, version

        data, version = self._read("GetObject", read)
        return {"Body": _Body(data), "ETag": str(version)}

    def put_object(self, Bucket: str, Key: str, Body: bytes, **members: Any) -> Any:
        def effect() -> None:
            version = str(self._world.objects.get(Key, (None, 0))[1])
            absent = Key not in self._world.objects
            if members.get("IfMatch", version) != version or ("IfNoneMatch" in members and not absent):
                raise client_error("PreconditionFailed", "PutObject")
            self._world.writes += 1
            self._world.objects[Key] = (Body, self._world.writes)

        return self._write("PutObject", effect)

    def list_objects_v2(self, Bucket: str, Prefix: str, **_: Any) -> Any:
        # The next call reads what was listed: a fault there is a fault here.
        found = sorted(key for key in self._world.objects if key.startswith(Prefix))
        return {"Contents": [{"Key": key, "LastModified": instant(self._world.now)} for key in found]}


class _Body(io.BytesIO):
    def iter_chunks(self, size: int) -> Iterator[bytes]:
        yield self.read()


class Bedrock(Client):
    """Endpoints of both kinds and customization jobs, eventually consistent."""

    service = "bedrock"

    def __getattr__(self, name: str) -> Callable[..., Any]:
        verb, _, rest = name.partition("_")
        noun = "".join(part.title() for part in rest.removesuffix("s").split("_"))
        operation = "".join(part.title() for part in name.split("_"))
        act = getattr(self, f"_{verb}", None) if noun in _KINDS else None
        if act is None:
            raise ModelError(f"The model has no operation {name}.")
        kind = _KINDS[noun]
        return lambda **members: act(operation, kind, members)

    def _create(self, operation: str, kind: Kind, members: Mapping[str, Any]) -> Any:
        session, world = self._session(), self._world
        name, token = next(members[key] for key in _NAMES if key in members), members.get("clientRequestToken", "")
        tags = {tag["key"]: tag["value"] for tag in members.get("tags") or members.get("jobTags", ())}

        def effect() -> Resource:
            same = [found for found in world.resources.values() if (found.kind, found.name) == (kind, name)]
            # "If this token matches a previous request, Amazon Bedrock ignores the request" (its API reference).
            known = next((found for found in same if token and found.token == token), None)
            if known:
                return known
            if kind != "training":
                same = [found for found in same if not found.is_gone(world.now)]
            # That a name is in use may be known as late as reads show the resource, and some time after the creation.
            if any(max(found.visible_at, found.created_at + _NAME_SECONDS) <= world.now for found in same):
                raise client_error("ConflictException", operation)
            made: Resource = world.add(kind, name, token, tags, members.get("commitmentDuration"))
            return made

        found, option = session.write(self.service, operation, effect, (options.READS_LAG, options.ALL_LAGS))
        if option in {options.READS_LAG, options.ALL_LAGS}:
            until = world.now + LAG_SECONDS
            world.change(found, visible_at=until, deletable_at=until if option == options.ALL_LAGS else 0.0)
        return {"provisionedModelArn": found.arn, "customModelDeploymentArn": found.arn, "jobArn": found.arn}

    def _get(self, operation: str, kind: Kind, members: Mapping[str, Any]) -> Any:
        wanted = next(members[key] for key in _IDS if key in members)

        def read(seen: Callable[[Resource], bool]) -> Any:
            found = [r for r in self._world.resources.values() if r.kind == kind and wanted in {r.arn, r.name}]
            if not found or not seen(found[-1]):
                raise client_error("ResourceNotFoundException", operation)
            return self._shown(found[-1])

        return self._read_resources(operation, read)

    def _read_resources(self, operation: str, read: Callable[[Callable[[Resource], bool]], Any]) -> Any:
        """A Get or a List: `read` is given which resources it sees, which depends on how stale the read is."""
        return self._read(
            operation,
            lambda: read(self._is_seen),
            MISSES=lambda: read(lambda _: False),
            HIDES=lambda: read(lambda _: False),
            SHOWS_GONE=lambda: read(lambda found: self._is_seen(found) or self._glows(found)),
        )

    def _list(self, operation: str, kind: Kind, members: Mapping[str, Any]) -> Any:
        part, status = members.get("nameContains", ""), members.get("statusEquals")

        def read(seen: Callable[[Resource], bool]) -> Any:
            found = [r for r in self._world.resources.values() if r.kind == kind and part in r.name and seen(r)]
            shown = [self._shown(resource) for resource in found]
            return {_LISTS[kind]: [item for item in shown if status in {None, item["status"]}]}

        return self._read_resources(operation, read)

    def _delete(self, operation: str, kind: Kind, members: Mapping[str, Any]) -> Any:
        session, world = self._session(), self._world
        arn = next(members[key] for key in _IDS if key in members)

        def effect() -> Resource | None:
            found: Resource | None = world.resources.get(arn)
            if found is None or world.now < found.deletable_at or found.is_gone(world.now):
                raise client_error("ResourceNotFoundException", operation)
            if found.gone_at is None:
                world.note_release(found)
                return world.change(found, gone_at=world.now)
            return found

        known = world.resources.get(arn)
        exists = known is not None and not known.is_gone(world.now)
        more = () if kind == "training" or not exists else (options.REFUSED, options.SLOW)
        option = session.choose(session.frames[-1].place, f"bedrock.{operation}", more)
        if option == options.REFUSED:
            raise client_error("ConflictException", operation)
        found, _ = session.write(self.service, operation, effect)
        if option == options.SLOW and found:
            world.change(found, gone_at=world.now + 30)
        return {}

    _stop = _delete

    def list_custom_models(self, **_: Any) -> Any:
        """Models are not part of the protocol: the sweep finds none to delete."""
        return {"modelSummaries": []}

    def list_model_invocation_jobs(self, **_: Any) -> Any:
        """Batch jobs are not part of the protocol: there are none."""
        return {"invocationJobSummaries": []}

    def list_tags_for_resource(self, resourceARN: str) -> Any:
        def read(seen: Callable[[Resource], bool]) -> Any:
            found = self._world.resources.get(resourceARN)
            if found is None or not seen(found):
                raise client_error("ResourceNotFoundException", "ListTagsForResource")
            return {"tags": [{"key": key, "value": value} for key, value in found.tags.items()]}

        return self._read("ListTagsForResource", lambda: read(self._is_seen), MISSES=lambda: read(lambda _: False))

    def tag_resource(self, resourceARN: str, tags: Any) -> Any:
        def effect() -> None:
            found = self._world.resources.get(resourceARN)
            if found is None or not self._is_seen(found):
                raise client_error("ResourceNotFoundException", "TagResource")
            added = {tag["key"]: tag["value"] for tag in tags}
            self._world.change(found, tags={**found.tags, **added})

        return self._write("TagResource", effect)

    def _is_seen(self, found: Resource) -> bool:
        world = self._world
        exists = found.kind == "training" or not found.is_gone(world.now)
        return exists and found.visible_at <= world.now

    def _glows(self, found: Resource) -> bool:
        now = self._world.now
        return found.gone_at is not None and found.gone_at <= now < found.gone_at + AFTERGLOW_SECONDS

    def _shown(self, found: Resource) -> Any:
        now = self._world.now
        members: dict[str, Any] = {"creationTime": instant(found.created_at), "createdAt": instant(found.created_at)}
        if found.kind == "training":
            trained = now >= found.created_at + TRAINED_SECONDS
            status = "Completed" if now >= found.created_at + JOB_SECONDS else "InProgress"
            stopped = found.gone_at is not None and found.gone_at <= now
            return members | {
                "jobArn": found.arn,
                "jobName": found.name,
                "status": "Stopped" if stopped else status,
                "outputModelName": found.name,
                "outputModelArn": MODEL + "a" if status == "Completed" and not stopped else None,
                "statusDetails": {"trainingDetails": {"status": "Completed" if trained else "InProgress"}},
            }
        ready = now >= found.created_at + _READY_SECONDS
        names = {"provisionedModelArn": found.arn, "provisionedModelName": found.name, "modelUnits": 1}
        if found.kind == "on_demand":
            names = {"customModelDeploymentArn": found.arn, "customModelDeploymentName": found.name}
        in_service = "InService" if found.kind == "provisioned" else "Active"
        return members | names | {"status": in_service if ready else "Creating", "commitmentDuration": found.term}


class Scheduler(Client):
    """One-time schedules. A new one may not be visible yet."""

    service = "scheduler"

    def create_schedule(self, Name: str, **members: Any) -> Any:
        def effect() -> None:
            if Name in self._world.schedules:
                raise client_error("ConflictException", "CreateSchedule")
            self._set(Name, members, "created")

        return self._write("CreateSchedule", effect)

    def update_schedule(self, Name: str, **members: Any) -> Any:
        def effect() -> None:
            if Name not in self._world.schedules:
                raise client_error("ResourceNotFoundException", "UpdateSchedule")
            self._set(Name, members, "moved")

        return self._write("UpdateSchedule", effect)

    def delete_schedule(self, Name: str, GroupName: str) -> Any:
        def effect() -> None:
            if Name not in self._world.schedules:
                raise client_error("ResourceNotFoundException", "DeleteSchedule")
            _, run_id = self._world.schedules.pop(Name)
            self._world.arm(Name, run_id, "deleted")

        return self._write("DeleteSchedule", effect)

    def get_schedule(self, Name: str, GroupName: str) -> Any:
        def read(seen: bool) -> Any:
            if Name not in self._world.schedules or not seen:
                raise client_error("ResourceNotFoundException", "GetSchedule")
            at, run_id = self._world.schedules[Name]
            expression = f"at({instant(at):%Y-%m-%dT%H:%M:%S})"
            return {"ScheduleExpression": expression, "Target": {"Input": json.dumps({"run_id": run_id})}}

        return self._read("GetSchedule", lambda: read(seen=True), MISSES=lambda: read(seen=False))

    def list_schedules(self, GroupName: str) -> Any:
        def read() -> Any:
            return {"Schedules": [{"Name": name} for name in self._world.schedules]}

        return self._read("ListSchedules", read, MISSES=lambda: {"Schedules": []})

    def _set(self, name: str, members: Mapping[str, Any], what: str) -> None:
        at = dt.datetime.fromisoformat(members["ScheduleExpression"][3:-1]).replace(tzinfo=dt.UTC)
        run_id = json.loads(members["Target"]["Input"])["run_id"]
        self._world.schedules[name] = (seconds(at), run_id)
        self._world.arm(name, run_id, what)


class StepFunctions(Client):
    """Executions. A read may show one as running that has just ended."""

    service = "stepfunctions"

    def describe_execution(self, executionArn: str) -> Any:
        run_id = executionArn.rpartition(":")[2]

        def read(stale: bool) -> Any:
            execution = self._world.executions.get(run_id)
            if execution is None:
                raise client_error("ExecutionDoesNotExist", "DescribeExecution")
            just = execution.ended_at is not None and self._world.now < execution.ended_at + AFTERGLOW_SECONDS
            return {"status": "RUNNING" if stale and just else execution.status, "startDate": EPOCH}

        return self._read("DescribeExecution", lambda: read(stale=False), SHOWS_GONE=lambda: read(stale=True))


class Sns(Client):
    """Notifications, which change nothing here."""

    service = "sns"

    def publish(self, **_: Any) -> Any:
        return {}


CLIENTS: Mapping[str, type[Client]] = {found.service: found for found in (S3, Bedrock, Scheduler, StepFunctions, Sns)}
