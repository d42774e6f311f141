"""Drives the deployed pipeline as a user does: uploads files, waits for the execution, reads the report."""

from __future__ import annotations

import itertools
import json
import os
import random
import re
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import boto3
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.exceptions import ClientError
from botocore.httpsession import URLLib3Session

from tuner.core.artifact_keys import Keys

_NOT_READY = {"ResourceConflictException", "CodeArtifactUserPendingException"}
EXAMPLE = Path(__file__).parents[2] / "examples" / "bedrock-faq"
STACK = "BedrockTuner"
# Until a test gives up: far more than a slow machine with four of these clouds needs.
_PATIENCE_SECONDS = 600


def until(found: Any, what: str, seconds: float = _PATIENCE_SECONDS) -> Any:
    """Asks `found` until it answers with something true."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if answer := found():
            return answer
        time.sleep(0.25)
    raise AssertionError(f"after {seconds:g} s there is still not: {what}")


_NUMBERS = itertools.count(1)


def small_dataset(settings: str = "", records: int = 12) -> dict[str, bytes]:
    """A dataset that trains in a moment, and that no other run has trained with: nothing is adopted."""
    number = next(_NUMBERS)
    pairs = [
        {"question": f"What is item {n}?", "answer": f"Item {n} is number {n} of list {number}."}
        for n in range(records)
    ]
    lines = "".join(json.dumps(pair) + "\n" for pair in pairs)
    evaluation = json.dumps([{"question": "What is thing 3?", "answer": "Thing 3 is the third of the list."}])
    if "compare_with" not in settings:
        settings = f"compare_with: [base]\n{settings}"
    return {
        "training.jsonl": lines.encode(),
        "evaluation.json": evaluation.encode(),
        "run.yaml": f"hyperparameters: {{epochCount: 1}}\ninference: {{max_tokens: 16}}\n{settings}".encode(),
    }


@dataclass
class Pipeline:
    """The deployed stack."""

    session: boto3.Session
    stack: str = STACK
    outputs: dict[str, str] = field(default_factory=dict)
    _clients: dict[str, Any] = field(default_factory=dict)
    # By execution: an execution's input never changes.
    _datasets: dict[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        description = self.client("cloudformation").describe_stacks(StackName=self.stack)["Stacks"][0]
        self.outputs = {entry["OutputKey"]: entry["OutputValue"] for entry in description["Outputs"]}

    def client(self, service: str) -> Any:
        """One client for each service: a new one would open a connection for each look at a run."""
        return self._clients.get(service) or self._clients.setdefault(service, self.session.client(service))

    def variables(self, function: str) -> dict[str, str]:
        """The environment variables of a function."""
        found = self.client("lambda").get_function_configuration(FunctionName=function)
        return dict(found["Environment"]["Variables"])

    def change_variables(self, change: Callable[[dict[str, str]], dict[str, str]]) -> None:
        """Changes the environment of functions as a deployment does: new runs use new versions of them.

        A function whose environment stays as it is gets no new version, because each starts new processes.
        """
        functions, states = self.client("lambda"), self.client("stepfunctions")
        machine = self.outputs["StateMachineArn"]
        definition: str = states.describe_state_machine(stateMachineArn=machine)["definition"]
        for page in functions.get_paginator("list_functions").paginate():
            for function in page["Functions"]:
                name, variables = function["FunctionName"], dict(function["Environment"]["Variables"])
                changed = change(variables)
                if changed == variables:
                    continue
                functions.update_function_configuration(FunctionName=name, Environment={"Variables": changed})
                version = functions.publish_version(FunctionName=name)["Version"]
                definition = re.sub(rf":function:{name}:\d+", f":function:{name}:{version}", definition)
        states.update_state_machine(stateMachineArn=machine, definition=definition)

    def change_settings(self, settings: Mapping[str, Any], step: str = "") -> None:
        """Changes settings of the deployment in all functions, or in that of the one step which reads them."""
        steps: set[str] = set()

        def changed(variables: dict[str, str]) -> dict[str, str]:
            if "DEPLOYMENT" not in variables:
                return variables
            steps.add(variables["POWERTOOLS_SERVICE_NAME"])
            if step not in ("", variables["POWERTOOLS_SERVICE_NAME"]):
                return variables
            return variables | {"DEPLOYMENT": json.dumps(json.loads(variables["DEPLOYMENT"]) | dict(settings))}

        self.change_variables(changed)
        assert step in ("", *steps), f"{step} is none of {steps}"

    def local_bedrock(self, method: str, path: str, body: str | None = None) -> Any:
        """A request to the local Bedrock's own endpoints."""
        url = f"{self.client('bedrock').meta.endpoint_url}/_local/bedrock/{path}"
        request = AWSRequest(method, url, data=body)
        SigV4Auth(self.session.get_credentials(), "bedrock", self.session.region_name).add_auth(request)
        reply = URLLib3Session(verify=os.environ["AWS_CA_BUNDLE"]).send(request.prepare())
        assert reply.status_code == 200, reply.text
        return json.loads(reply.text)

    def change_bedrock(self, **settings: Any) -> None:
        """Changes the local Bedrock's own settings."""
        self.local_bedrock("PUT", "settings", json.dumps(settings))

    def reply(self, function: str, event: dict[str, Any], functions: Any = None) -> dict[str, Any]:
        """Lambda's reply to the invocation of a function. A new or an idle function refuses its first call."""
        functions = functions or self.client("lambda")

        def ready() -> dict[str, Any] | None:
            try:
                return functions.invoke(FunctionName=function, Payload=json.dumps(event))
            except ClientError as error:
                if error.response["Error"]["Code"] in _NOT_READY:
                    return None
                raise

        found: dict[str, Any] = until(ready, f"the function {function} to be Active")
        return found

    def invoke(self, output: str, event: dict[str, Any]) -> Any:
        """What the function that the stack's output names returns."""
        reply = self.reply(self.outputs[output], event)
        result = json.loads(reply["Payload"].read())
        assert "FunctionError" not in reply, result
        return result

    def drop(self, dataset: str, files: Mapping[str, bytes]) -> None:
        """Uploads the files in no fixed order, as `aws s3 cp --recursive` does."""
        s3, names = self.client("s3"), list(files)
        random.Random(dataset).shuffle(names)
        for name in names:
            s3.put_object(Bucket=self.outputs["DataBucketName"], Key=f"incoming/{dataset}/{name}", Body=files[name])

    def executions(self) -> list[dict[str, Any]]:
        pages = self.client("stepfunctions").get_paginator("list_executions")
        return [
            execution
            for page in pages.paginate(stateMachineArn=self.outputs["StateMachineArn"])
            for execution in page["executions"]
        ]

    def run_of(self, dataset: str) -> str:
        """Waits until the dataset's run has started, and returns its id."""

        def started() -> str | None:
            for execution in self.executions():
                name = str(execution["name"])
                if name not in self._datasets:
                    self._datasets[name] = json.loads(self.describe(name)["input"])["dataset"]
                if self._datasets[name] == dataset:
                    return name
            return None

        return str(until(started, f"a run of the dataset {dataset}"))

    def arn(self, run_id: str) -> str:
        return self.outputs["StateMachineArn"].replace(":stateMachine:", ":execution:") + f":{run_id}"

    def describe(self, run_id: str) -> dict[str, Any]:
        return self.client("stepfunctions").describe_execution(executionArn=self.arn(run_id))

    def finished(self, run_id: str) -> dict[str, Any]:
        """Waits for the execution's end, and returns its description."""
        until(lambda: self.describe(run_id)["status"] != "RUNNING", f"an end of {run_id}")
        return self.describe(run_id)

    def states(self, run_id: str) -> list[str]:
        """Names of the states that were entered, in order."""
        pages = self.client("stepfunctions").get_paginator("get_execution_history")
        return [
            event["stateEnteredEventDetails"]["name"]
            for page in pages.paginate(executionArn=self.arn(run_id))
            for event in page["events"]
            if "stateEnteredEventDetails" in event
        ]

    def artifact(self, run_id: str, name: str) -> bytes | None:
        s3 = self.client("s3")
        try:
            found = s3.get_object(Bucket=self.outputs["ArtifactsBucketName"], Key=Keys.folder(run_id) + name)
        except s3.exceptions.NoSuchKey:
            return None
        return found["Body"].read()

    def report(self, run_id: str) -> dict[str, Any]:
        """The run's report.json, once it is there."""
        return json.loads(until(lambda: self.artifact(run_id, Keys.REPORT), f"the report of {run_id}"))

    def alive(self) -> list[str]:
        """ARNs of everything that is paid for by the hour."""
        bedrock = self.client("bedrock")
        throughput = bedrock.list_provisioned_model_throughputs()["provisionedModelSummaries"]
        deployments = bedrock.list_custom_model_deployments()["modelDeploymentSummaries"]
        return [e["provisionedModelArn"] for e in throughput] + [e["customModelDeploymentArn"] for e in deployments]

    def jobs(self) -> list[str]:
        """Names of all customization jobs."""
        jobs = self.client("bedrock").list_model_customization_jobs()["modelCustomizationJobSummaries"]
        return [job["jobName"] for job in jobs]
