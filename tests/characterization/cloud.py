"""Answers AWS calls for one saved run: S3 is moto's, as DynamoDB is; all other services answer from the saved files."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from botocore.client import BaseClient
from botocore.exceptions import ClientError
from moto import mock_aws

from tests.doubles import create_state_table
from tuner.aws.clients import client
from tuner.core import times

RUNS = Path(__file__).parent / "runs"
NAMES = ("success", "rejected", "failed-data", "stopped", "commitment")

_ACCOUNT = "123456789012"
_BUCKET = "tuner-artifacts"
_MACHINE = f"arn:aws:states:us-east-1:{_ACCOUNT}:stateMachine:tuner"
_OUTPUTS = {
    "DataBucketName": "tuner-data",
    "ArtifactsBucketName": _BUCKET,
    "StateMachineArn": _MACHINE,
    "StartFunctionName": "tuner-start-run",
    "ReleaseFunctionName": "tuner-release",
    "CustomizationRoleArn": f"arn:aws:iam::{_ACCOUNT}:role/tuner-customization",
}


@dataclass(frozen=True)
class SavedRun:
    """A run that version 0.1.0 made on a local cloud: its folder, and what AWS said about it."""

    name: str
    run_id: str
    execution: Mapping[str, Any]
    """`status`, and `error` and `cause` when the execution did not succeed."""
    caught: Mapping[str, Any] | None
    """The failure that the state machine passed to the step that writes the report."""
    written: Mapping[str, str]
    """When each object was last written, by its key below `runs/`."""
    deployment: Mapping[str, Any]
    """The deployment's settings, as each function's environment has them."""
    encoder_sha256: str

    @classmethod
    def load(cls, name: str) -> SavedRun:
        return cls(name, **json.loads((RUNS / name / "about.json").read_text()))

    @property
    def objects(self) -> dict[str, bytes]:
        """The saved objects, by their key below `runs/`."""
        folder = RUNS / self.name / "bucket"
        return {path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*") if path.is_file()}

    def has(self, artifact: str) -> bool:
        """Whether the run wrote this artifact."""
        return f"{self.run_id}/{artifact}" in self.written

    @property
    def arn(self) -> str:
        """The ARN of the run's execution."""
        return f"{_MACHINE.replace(':stateMachine:', ':execution:')}:{self.run_id}"


@dataclass
class Cloud:
    """The services behind the functions and the command line. `status` is what DescribeExecution says."""

    run: SavedRun
    status: str = "RUNNING"
    calls: list[tuple[str, Mapping[str, Any]]] = field(default_factory=list)

    def called(self, operation: str) -> list[Mapping[str, Any]]:
        """The parameters of the calls of one operation."""
        return [parameters for name, parameters in self.calls if name == operation]

    def remove(self, *artifacts: str) -> None:
        """Deletes artifacts of the run; a name that ends in `/` means everything below it."""
        s3 = client("s3")
        for key in [f"runs/{key}" for key in self.run.objects]:
            name = key.removeprefix(f"runs/{self.run.run_id}/")
            if any(name == each or (each.endswith("/") and name.startswith(each)) for each in artifacts):
                s3.delete_object(Bucket=_BUCKET, Key=key)

    def read(self, artifact: str) -> bytes:
        """An artifact of the run, as it is now."""
        body: bytes = client("s3").get_object(Bucket=_BUCKET, Key=f"runs/{self.run.run_id}/{artifact}")["Body"].read()
        return body

    def at(self, artifact: str, patch: pytest.MonkeyPatch) -> None:
        """Sets the clock to when the run wrote this artifact.

        A report names the second in which it was made. The clock shows the end of that second, so that whatever the
        run wrote in it was there before the report.
        """
        saved = f"{self.run.run_id}/{artifact}"
        instant = dt.datetime.fromisoformat(self.run.written[saved])
        if ended := json.loads(self.run.objects[saved]).get("ended_at"):
            instant = dt.datetime.fromisoformat(ended) + dt.timedelta(milliseconds=999)
        frozen = type("Frozen", (dt.datetime,), {"now": classmethod(lambda cls, zone=None: instant.astimezone(zone))})
        patch.setattr(times, "dt", SimpleNamespace(datetime=frozen, UTC=dt.UTC, timedelta=dt.timedelta))

    def answer(self, operation: str, parameters: Mapping[str, Any]) -> Mapping[str, Any]:
        """The reply of a service other than S3. A call that no test expects is an error."""
        self.calls.append((operation, parameters))
        reply: Mapping[str, Any] = getattr(self, f"_on_{operation}")(parameters)
        return reply

    def _on_DescribeExecution(self, parameters: Mapping[str, Any]) -> Mapping[str, Any]:
        if self.status == "FORGOTTEN":  # Step Functions forgets an execution 90 days after its end
            raise ClientError({"Error": {"Code": "ExecutionDoesNotExist", "Message": ""}}, "DescribeExecution")
        started = json.loads(self.read("run.json"))["started_at"]
        known = {"status": self.status, "startDate": dt.datetime.fromisoformat(started)}
        return {**known, **({} if self.status == "RUNNING" else self.run.execution)}

    def _on_DescribeStacks(self, parameters: Mapping[str, Any]) -> Mapping[str, Any]:
        outputs = {**_OUTPUTS, "DeploymentSettings": json.dumps(self.run.deployment)}
        described = [{"OutputKey": key, "OutputValue": value} for key, value in outputs.items()]
        return {"Stacks": [{"StackStatus": "CREATE_COMPLETE", "Outputs": described}]}

    def _on_ListProvisionedModelThroughputs(self, parameters: Mapping[str, Any]) -> Mapping[str, Any]:
        return {"provisionedModelSummaries": []}

    def _on_ListCustomModelDeployments(self, parameters: Mapping[str, Any]) -> Mapping[str, Any]:
        return {"modelDeploymentSummaries": []}

    def _on_TagResource(self, parameters: Mapping[str, Any]) -> Mapping[str, Any]:
        return {}

    def _on_PutEvents(self, parameters: Mapping[str, Any]) -> Mapping[str, Any]:
        return {"FailedEntryCount": 0, "Entries": [{"EventId": "1"}]}

    def _on_Publish(self, parameters: Mapping[str, Any]) -> Mapping[str, Any]:
        return {"MessageId": "1"}

    def changed_times(self, reply: Mapping[str, Any]) -> Mapping[str, Any]:
        """A list of objects that shows when the run wrote them, not when the test did."""
        for entry in reply.get("Contents", ()):
            written = self.run.written.get(entry["Key"].removeprefix("runs/"))
            if written:
                entry["LastModified"] = dt.datetime.fromisoformat(written)
        return reply


def environment(run: SavedRun) -> dict[str, str]:
    """The environment of every function of the deployment."""
    return {
        "DEPLOYMENT": json.dumps(run.deployment),
        "DATA_BUCKET": _OUTPUTS["DataBucketName"],
        "ARTIFACTS_BUCKET": _BUCKET,
        "STATE_MACHINE_ARN": _MACHINE,
        "STATE_TABLE": "state",
        "TOPIC_ARN": f"arn:aws:sns:us-east-1:{_ACCOUNT}:tuner-notifications",
        "ENCODER_BUCKET": "tuner-assets",
        "ENCODER_KEY": "encoder.tar",
        "ENCODER_SHA256": run.encoder_sha256,
        "AWS_ACCESS_KEY_ID": "testing",
        "AWS_SECRET_ACCESS_KEY": "testing",
        "AWS_DEFAULT_REGION": "us-east-1",
        "COLUMNS": "100",
    }


@contextmanager
def cloud_of(run: SavedRun, patch: pytest.MonkeyPatch) -> Iterator[Cloud]:
    """A cloud that holds the saved run's objects."""
    for name, value in environment(run).items():
        patch.setenv(name, value)
    found = Cloud(run)
    original = BaseClient._make_api_call

    def call(service: Any, operation: str, parameters: Mapping[str, Any]) -> Mapping[str, Any]:
        if service.meta.service_model.service_name == "dynamodb":
            reply: Mapping[str, Any] = original(service, operation, parameters)
            return reply
        if service.meta.service_model.service_name != "s3":
            return found.answer(operation, parameters)
        return found.changed_times(original(service, operation, parameters))

    with mock_aws():
        s3 = client("s3")
        s3.create_bucket(Bucket=_BUCKET)
        s3.create_bucket(Bucket=_OUTPUTS["DataBucketName"])
        create_state_table()
        for key, body in run.objects.items():
            s3.put_object(Bucket=_BUCKET, Key=f"runs/{key}", Body=body)
        patch.setattr(BaseClient, "_make_api_call", call)
        yield found
