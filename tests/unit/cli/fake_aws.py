"""A fake AWS with a deployment: it answers for Step Functions, CloudFormation, Bedrock and others. S3 is moto's."""

from __future__ import annotations

import hashlib
import io
import json
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from moto.s3.models import FakeDeleteMarker, s3_backends

from tests.unit.cli.histories import BEGAN, DEFINITION, TO_THE_END, History
from tuner.aws.clients import client
from tuner.core.run import dataset_file, run_id
from tuner.settings import DeploymentSettings

OUTPUTS = {
    "DataBucketName": "tuner-data",
    "ArtifactsBucketName": "tuner-artifacts",
    "StateMachineArn": "arn:aws:states:us-east-1:123456789012:stateMachine:tuner",
    "StartFunctionName": "tuner-start",
    "ReleaseFunctionName": "tuner-release",
    "CustomizationRoleArn": "arn:aws:iam::123456789012:role/tuner-customization",
    "StateTableName": "tuner-state",
    "DeploymentSettings": DeploymentSettings(quiet_seconds=2).model_dump_json(),
}
DATA, ARTIFACTS = "tuner-data", "tuner-artifacts"


def access_of(agreement: str, **other: str) -> dict[str, Any]:
    """What GetFoundationModelAvailability says."""
    return {
        "agreementAvailability": {"status": agreement},
        "authorizationStatus": "AUTHORIZED",
        "entitlementAvailability": "AVAILABLE",
        "regionAvailability": "AVAILABLE",
        **other,
    }


class Refused(Exception):
    """An AWS error that a canned answer gives."""

    def __init__(self, code: str, message: str = "", status: int = 400) -> None:
        self.code, self.message, self.status = code, message, status


@dataclass
class Execution:
    """An execution that Step Functions knows."""

    name: str
    status: str = "SUCCEEDED"
    started: datetime = BEGAN
    history: History = field(default_factory=lambda: History().went(*TO_THE_END).ended("Succeeded"))
    error: str | None = None
    cause: str | None = None
    dataset: str = "faq"


@dataclass
class FakeAws:
    """The state of the fake AWS. Tests change it, and read the calls that were made (`asked`, `actions`)."""

    executions: dict[str, Execution] = field(default_factory=dict)
    throughputs: list[dict[str, Any]] = field(default_factory=list)
    job: dict[str, Any] | None = None
    batch: dict[str, Any] | None = None
    asked: list[tuple[str, dict[str, Any]]] = field(default_factory=list)
    actions: set[str] = field(default_factory=set)
    after: dict[str, Callable[[], None]] = field(default_factory=dict)
    stacks: dict[str, dict[str, str]] = field(default_factory=lambda: {"BedrockTuner": dict(OUTPUTS)})
    tokens: set[str] = field(default_factory=set)
    starts: bool = True
    score: Any = 7.5
    """What a scorer says of each answer."""
    _delivered: list[tuple[str, str]] = field(default_factory=list)
    offers: dict[str, list[str]] = field(default_factory=dict)
    """The documents of AWS's price list, by usage type."""
    quotas: dict[str, tuple[str, float]] = field(
        default_factory=lambda: {
            "L-BE77399C": ("Model units no-commitment Provisioned Throughputs across custom models", 1.0),
            "L-0406044C": ("(Model customization) Scheduled customization jobs", 10.0),
            "L-C02E1E99": ("Custom models with a creating status per account", 2.0),
            "L-00000001": ("Cross-region model inference requests per minute for Anthropic Claude Sonnet 4.6", 200.0),
            "L-00000002": ("Cross-region model inference tokens per minute for Anthropic Claude Sonnet 4.6", 2e5),
            "L-00000003": ("On-demand model inference requests per minute for Amazon Nova Pro", 100.0),
            "L-00000004": ("On-demand InvokeModel tokens per minute for Amazon Nova Pro", 4e5),
        }
    )
    concurrency: int = 10
    bootstrap: int | None = 21
    access: dict[str, Any] = field(default_factory=lambda: access_of("AVAILABLE"))
    verdict: dict[str, Any] = field(default_factory=lambda: {"reasoning": "It is right.", "score": 10})
    denied: str = ""
    model: dict[str, Any] = field(
        default_factory=lambda: {
            "modelId": "amazon.nova-micro-v1:0:128k",
            "modelName": "Nova Micro",
            "modelLifecycle": {"status": "ACTIVE"},
            "customizationsSupported": ["FINE_TUNING"],
        }
    )

    @property
    def s3(self) -> Any:
        return client("s3", "us-east-1")  # another than the command line's, whose calls are noted

    def add(self, *executions: Execution) -> None:
        for execution in executions:
            self.executions[execution.name] = execution

    def put(self, run: str, name: str, document: Any) -> None:
        body = document if isinstance(document, str) else json.dumps(document)
        self.s3.put_object(Bucket=ARTIFACTS, Key=f"runs/{run}/{name}", Body=body.encode())

    def uploaded(self) -> dict[str, bytes]:
        return {key: self.s3.get_object(Bucket=DATA, Key=key)["Body"].read() for key, _ in self._objects()}

    def _objects(self) -> list[tuple[str, str]]:
        """Keys and ETags of the uploaded files.

        From moto's memory: each call about an execution asks, and a seventh of the time would go into the answers.
        """
        stored = s3_backends["123456789012"]["aws"].buckets[DATA].keys
        return sorted((key.name, key.etag) for key in stored.values() if not isinstance(key, FakeDeleteMarker))

    def calls(self, operation: str) -> list[dict[str, Any]]:
        return [parameters for name, parameters in self.asked if name == operation]

    def answer(self, operation: str, parameters: dict[str, Any]) -> dict[str, Any]:
        self.asked.append((operation, parameters))
        reply: dict[str, Any] = getattr(self, f"_on_{operation}")(parameters)
        self.after.get(operation, lambda: None)()
        return reply

    def _named(self, parameters: dict[str, Any]) -> Execution:
        if self.starts:
            self._deliver_uploads()
        name = parameters["executionArn"].rpartition(":")[2]
        if name not in self.executions:
            raise Refused("ExecutionDoesNotExist", f"Execution Does Not Exist: '{name}'")
        return self.executions[name]

    def _deliver_uploads(self) -> None:
        """The trigger: a training file in the bucket starts the run of what lies beside it."""
        objects = self._objects()
        if objects == self._delivered:
            return
        self._delivered = objects
        folders: dict[str, dict[str, bytes]] = {}
        for key, body in self.uploaded().items():
            found = dataset_file(key)
            if found:
                folders.setdefault(found.dataset, {})[key.split("/", 2)[2]] = body
        for dataset, files in folders.items():
            contents = [(name, hashlib.sha256(body).hexdigest()) for name, body in files.items()]
            name = run_id(dataset, contents)
            self.executions.setdefault(name, Execution(name, dataset=dataset))

    def _on_DescribeExecution(self, parameters: dict[str, Any]) -> dict[str, Any]:
        found = self._named(parameters)
        reply = {
            "executionArn": parameters["executionArn"],
            "name": found.name,
            "status": found.status,
            "startDate": found.started,
            "input": json.dumps({"run_id": found.name, "dataset": found.dataset, "inputs": []}),
        }
        optional: dict[str, Any] = {"error": found.error, "cause": found.cause}
        if found.status != "RUNNING":
            optional["stopDate"] = found.started + timedelta(minutes=3)
        return reply | {key: value for key, value in optional.items() if value}

    def _on_ListExecutions(self, parameters: dict[str, Any]) -> dict[str, Any]:
        found = self.executions.values()  # in no useful order
        return {"executions": [{"name": each.name, "startDate": each.started} for each in found]}

    def _on_DescribeStateMachineForExecution(self, parameters: dict[str, Any]) -> dict[str, Any]:
        self._named(parameters)
        return {"definition": DEFINITION}

    def _on_GetExecutionHistory(self, parameters: dict[str, Any]) -> dict[str, Any]:
        events = [
            {**event, "timestamp": datetime.fromtimestamp(event["timestamp"], UTC)}
            for event in self._named(parameters).history.events
        ]
        assert parameters["reverseOrder"]
        start = int(parameters.get("nextToken", 0))
        newest = list(reversed(events))[start : start + 20]
        return {"events": newest, **({"nextToken": str(start + 20)} if start + 20 < len(events) else {})}

    def _on_SendTaskSuccess(self, parameters: dict[str, Any]) -> dict[str, Any]:
        return self._answer_token(parameters)

    def _on_SendTaskFailure(self, parameters: dict[str, Any]) -> dict[str, Any]:
        return self._answer_token(parameters)

    def _answer_token(self, parameters: dict[str, Any]) -> dict[str, Any]:
        if parameters["taskToken"] not in self.tokens:
            raise Refused("TaskTimedOut", "Task Timed Out: 'Provided task does not exist anymore'")
        self.tokens.remove(parameters["taskToken"])
        return {}

    def _on_StopExecution(self, parameters: dict[str, Any]) -> dict[str, Any]:
        found = self._named(parameters)
        found.status, found.error, found.cause = "ABORTED", parameters["error"], parameters["cause"]
        found.history.ended("Aborted")
        return {"stopDate": BEGAN}

    def _on_ListProvisionedModelThroughputs(self, parameters: dict[str, Any]) -> dict[str, Any]:
        return {"provisionedModelSummaries": list(self.throughputs)}

    def _on_ListCustomModelDeployments(self, parameters: dict[str, Any]) -> dict[str, Any]:
        return {"modelDeploymentSummaries": []}

    def _on_GetModelCustomizationJob(self, parameters: dict[str, Any]) -> dict[str, Any]:
        if self.job is None:
            raise Refused("ResourceNotFoundException", "no such job")
        return self.job

    def _on_ListModelCustomizationJobs(self, parameters: dict[str, Any]) -> dict[str, Any]:
        assert parameters["statusEquals"] == "InProgress"
        listed = self.job is not None and self.job["status"] == "InProgress" and "jobArn" in self.job
        return {"modelCustomizationJobSummaries": [self.job] if listed else []}

    def _on_ListCustomModels(self, parameters: dict[str, Any]) -> dict[str, Any]:
        return {"modelSummaries": []}

    def _on_ListModelInvocationJobs(self, parameters: dict[str, Any]) -> dict[str, Any]:
        listed = self.batch is not None and self.batch["status"] == parameters["statusEquals"]
        return {"invocationJobSummaries": [self.batch] if listed else []}

    def _on_GetModelInvocationJob(self, parameters: dict[str, Any]) -> dict[str, Any]:
        assert self.batch
        return self.batch

    def _on_StopModelInvocationJob(self, parameters: dict[str, Any]) -> dict[str, Any]:
        assert self.batch
        self.batch["status"] = "Stopping"
        return {}

    def _on_ListTagsForResource(self, parameters: dict[str, Any]) -> dict[str, Any]:
        return {"tags": [{"key": "bedrock-tuner:deployment", "value": "tuner"}]}

    def _on_StopModelCustomizationJob(self, parameters: dict[str, Any]) -> dict[str, Any]:
        assert self.job
        self.job["status"] = "Stopping"
        return {}

    def _on_DescribeStacks(self, parameters: dict[str, Any]) -> dict[str, Any]:
        name = parameters["StackName"]
        if name not in self.stacks:
            raise Refused("ValidationError", f"Stack with id {name} does not exist")
        outputs = [{"OutputKey": key, "OutputValue": value} for key, value in self.stacks[name].items()]
        return {"Stacks": [{"StackName": name, "StackStatus": "CREATE_COMPLETE", "Outputs": outputs}]}

    def _on_DescribeStateMachine(self, parameters: dict[str, Any]) -> dict[str, Any]:
        return {"status": "ACTIVE"}

    def _on_TagResource(self, parameters: dict[str, Any]) -> dict[str, Any]:
        return {}

    def _on_GetFoundationModel(self, parameters: dict[str, Any]) -> dict[str, Any]:
        return {"modelDetails": self.model}

    def _on_GetProducts(self, parameters: dict[str, Any]) -> dict[str, Any]:
        (wanted,) = parameters["Filters"]
        return {"FormatVersion": "aws_v1", "PriceList": self.offers.get(wanted["Value"], [])}

    def _on_GetFoundationModelAvailability(self, parameters: dict[str, Any]) -> dict[str, Any]:
        return {"modelId": parameters["modelId"], **self.access}

    def _on_Converse(self, parameters: dict[str, Any]) -> dict[str, Any]:
        if self.denied:
            raise Refused("AccessDeniedException", self.denied, 403)
        call = {"toolUseId": "1", "name": "grade", "input": self.verdict}
        return {
            "output": {"message": {"role": "assistant", "content": [{"toolUse": call}]}},
            "stopReason": "tool_use",
            "usage": {"inputTokens": 700, "outputTokens": 60, "totalTokens": 760},
        }

    def _on_ListServiceQuotas(self, parameters: dict[str, Any]) -> dict[str, Any]:
        return {
            "Quotas": [
                {"QuotaCode": code, "QuotaName": name, "Value": value} for code, (name, value) in self.quotas.items()
            ]
        }

    def _on_GetAccountSettings(self, parameters: dict[str, Any]) -> dict[str, Any]:
        limits = {"ConcurrentExecutions": self.concurrency, "UnreservedConcurrentExecutions": self.concurrency}
        return {"AccountLimit": limits}

    def _on_GetParameter(self, parameters: dict[str, Any]) -> dict[str, Any]:
        if self.bootstrap is None:
            raise Refused("ParameterNotFound")
        return {"Parameter": {"Name": parameters["Name"], "Value": str(self.bootstrap)}}

    def _on_Invoke(self, parameters: dict[str, Any]) -> dict[str, Any]:
        if "check" in parameters["FunctionName"]:
            scores = [
                {"id": entry["id"], "aggregate_reward_score": self.score} for entry in json.loads(parameters["Payload"])
            ]
            return {"StatusCode": 200, "Payload": io.BytesIO(json.dumps(scores).encode())}
        return {"StatusCode": 202}

    def _on_GetFunctionConfiguration(self, parameters: dict[str, Any]) -> dict[str, Any]:
        return {"FunctionName": "tuner-step", "LoggingConfig": {"LogGroup": "/tuner/step"}}


class Clock:
    """Replaces the module `time`: sleeping advances the clock."""

    def __init__(self) -> None:
        self.seconds = 0.0

    def sleep(self, seconds: float) -> None:
        self.seconds += seconds

    def monotonic(self) -> float:
        return self.seconds


@dataclass(frozen=True)
class Outcome:
    """Exit status and output of a call."""

    status: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        return json.loads(self.out)


Tuner = Callable[..., Outcome]
