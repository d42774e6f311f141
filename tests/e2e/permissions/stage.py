"""Where the proofs are played: datasets that were run once in full, further runs of them, and what must be tidied."""

from __future__ import annotations

import json
import uuid
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

import botocore.session
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.config import Config
from botocore.httpsession import URLLib3Session

from local.folder import CloudFolder
from tests.e2e.permissions.datasets import DATASETS
from tests.e2e.pipeline import Pipeline, until
from tuner.core.artifact_keys import Keys
from tuner.core.resource_names import Tags, resource_name
from tuner.core.times import iso, now

DEPLOYMENT = "tuner"
# A sweep that cannot release tries for a minute before it says so.
_PATIENT = Config(read_timeout=180, retries={"max_attempts": 0})


@dataclass
class Stage:
    """The deployed pipeline with hands for what only an administrator may do."""

    pipeline: Pipeline
    _first_runs: dict[str, str] = field(default_factory=dict)
    _repeats: int = 0
    adopts: bool = False

    def first_run(self, dataset: str) -> str:
        """The run that started when the dataset arrived. With all permissions it ends as it should."""
        if dataset not in self._first_runs:
            self.pipeline.drop(dataset, DATASETS[dataset].files())
            run = self.pipeline.run_of(dataset)
            ended = self.pipeline.finished(run)
            expected = DATASETS[dataset].ends
            assert (ended["status"], ended.get("error")) == expected, ended.get("cause")
            self._first_runs[dataset] = run
        return self._first_runs[dataset]

    def allow(self, settings: Mapping[str, Any]) -> None:
        """Changes the deployment's settings, in all functions."""
        functions = self.pipeline.client("lambda")
        for function in functions.list_functions()["Functions"]:
            variables = self._variables(function["FunctionName"])
            if "DEPLOYMENT" in variables:
                variables["DEPLOYMENT"] = json.dumps(json.loads(variables["DEPLOYMENT"]) | dict(settings))
                functions.update_function_configuration(
                    FunctionName=function["FunctionName"], Environment={"Variables": variables}
                )

    def next_run(self, dataset: str) -> str:
        """The id that the next run of the dataset will have."""
        self._repeats += 1
        return f"{self.first_run(dataset)}-r{self._repeats}"

    def start(self, run: str) -> str:
        """Starts a run that `next_run` named, which adopts no earlier one's job unless it may; returns its id."""
        if not self.adopts:
            self.forget_trainings()
        first, _, repeat = run.rpartition("-r")
        dataset = next(name for name, run_id in self._first_runs.items() if run_id == first)
        result = self.invoke("StartFunctionName", {"dataset": dataset, "repeat": int(repeat)})
        assert (result["run_id"], result["started"]) == (run, True)
        return run

    def execute(self, run: str) -> None:
        """Starts a run's execution itself: `start` would see that there are artifacts of it already."""
        first = run.rpartition("-r")[0]
        document = json.loads(self.pipeline.describe(first)["input"]) | {"run_id": run}
        self.pipeline.client("stepfunctions").start_execution(
            stateMachineArn=self.pipeline.outputs["StateMachineArn"], name=run, input=json.dumps(document)
        )

    def invoke(self, function: str, event: dict[str, Any]) -> Any:
        """What a function, named as itself or as one of the stack's outputs, returns or fails with."""
        name = self.pipeline.outputs.get(function, function)
        functions = self.pipeline.session.client("lambda", config=_PATIENT)
        reply = functions.invoke(FunctionName=name, Payload=json.dumps(event))
        return json.loads(reply["Payload"].read())

    def sweep(self) -> Any:
        """What the hourly rule does."""
        with self.bedrock_settings(endpoints_age_hours=1):  # what is younger may have an execution that is not seen yet
            return self.invoke("ReleaseFunctionName", {"sweep": True})

    def buy(self, run: str, kind: str = "provisioned") -> str:
        """Throughput, or a deployment, as an attempt of this run would have made it; returns its ARN."""
        bedrock, name = self.pipeline.client("bedrock"), resource_name(DEPLOYMENT, run)
        tags = [{"key": Tags.DEPLOYMENT, "value": DEPLOYMENT}, {"key": Tags.RUN, "value": run}]
        model = self._custom_model(kind)
        if kind == "on_demand":
            made = bedrock.create_custom_model_deployment(modelDeploymentName=name, modelArn=model, tags=tags)
            return str(made["customModelDeploymentArn"])
        made = bedrock.create_provisioned_model_throughput(
            provisionedModelName=name, modelId=model, modelUnits=1, tags=tags
        )
        return str(made["provisionedModelArn"])

    def _custom_model(self, dataset: str) -> str:
        summary = self.pipeline.artifact(self.first_run(dataset), Keys.TRAINING_SUMMARY)
        assert summary
        return str(json.loads(summary)["custom_model_arn"])

    def orphan(self) -> str:
        """Throughput of a run that there never was; returns the run's id."""
        run = f"orphan-{uuid.uuid4().hex[:12]}"
        self.buy(run)
        return run

    def bought(self, dataset: str) -> str:
        """A run of the dataset that has its endpoint, and neither an execution nor a release switch; returns its id."""
        run, kind = self.next_run(dataset), "on_demand" if "demand" in dataset else "provisioned"
        record = {
            "kind": kind,
            "arn": self.buy(run, kind),
            "name": resource_name(DEPLOYMENT, run),
            "model_units": 1 if kind == "provisioned" else None,
            "commitment": None,
            "created_at": iso(now()),
        }
        self.copy(self.first_run(dataset), run, Keys.MANIFEST)
        self._put(Keys.folder(run) + Keys.ENDPOINT, json.dumps(record))
        return run

    def farewell(self) -> str:
        """What CloudFormation is answered when the stack is to be deleted."""
        s3, bucket = self.pipeline.client("s3"), self.pipeline.outputs["ArtifactsBucketName"]
        place = {"Bucket": bucket, "Key": f"farewell/{uuid.uuid4().hex}"}
        event = {
            "RequestType": "Delete",
            "ResponseURL": s3.generate_presigned_url("put_object", Params={**place, "ContentType": ""}),
            "StackId": "stack",
            "RequestId": "request",
            "LogicalResourceId": "Farewell",
        }
        assert self.invoke(f"{DEPLOYMENT}-release-throughput", event) == {}
        return str(json.loads(s3.get_object(**place)["Body"].read())["Reason"])

    def old_model(self) -> str:
        """The ARN of a custom model that nothing uses, of a run that no gate has accepted."""
        run = self.start(self.next_run("untouched"))
        self.pipeline.finished(run)
        model = self.pipeline.client("bedrock").get_custom_model(modelIdentifier=resource_name(DEPLOYMENT, run))
        return str(model["modelArn"])

    def models(self) -> set[str]:
        """ARNs of all custom models."""
        pages = self.pipeline.client("bedrock").get_paginator("list_custom_models").paginate()
        return {model["modelArn"] for page in pages for model in page["modelSummaries"]}

    def fire_switch(self, run: str) -> None:
        """Arms the run's release switch as the pipeline does, for now."""
        variables = self._variables(f"{DEPLOYMENT}-arm-release")
        self.pipeline.client("scheduler").create_schedule(
            Name=resource_name(DEPLOYMENT, run),
            GroupName=variables["SCHEDULE_GROUP"],
            ScheduleExpression=f"at({datetime.now(UTC) + timedelta(seconds=1):%Y-%m-%dT%H:%M:%S})",
            FlexibleTimeWindow={"Mode": "OFF"},
            ActionAfterCompletion="DELETE",
            Target={
                "Arn": variables["RELEASE_FUNCTION_ARN"],
                "RoleArn": variables["SCHEDULER_ROLE_ARN"],
                "Input": json.dumps({"run_id": run}),
            },
        )

    def _variables(self, function: str) -> dict[str, str]:
        found = self.pipeline.client("lambda").get_function_configuration(FunctionName=function)
        return dict(found["Environment"]["Variables"])

    def undelivered(self, position: int) -> str | None:
        """What the server's log says, from this position on, of a delivery that was not allowed."""
        return self.logged("is not delivered to", position)

    def logged(self, words: str, position: int) -> str | None:
        """The first line of the server's log with these words, from this position on."""
        return next((line for line in self.log()[position:].splitlines() if words in line), None)

    def log(self) -> str:
        """The server's log."""
        return CloudFolder.default().server_log.read_text(errors="replace")

    @contextmanager
    def bedrock_settings(self, **changes: Any) -> Iterator[None]:
        """The local Bedrock with other settings."""
        before = self._local_bedrock("GET")
        self._local_bedrock("PUT", changes)
        try:
            yield
        finally:
            self._local_bedrock("PUT", {name: before[name] for name in changes})

    def _local_bedrock(self, method: str, document: Any = None) -> Any:
        url = f"{self.pipeline.client('bedrock').meta.endpoint_url}/_local/bedrock/settings"
        request = AWSRequest(method, url, data=json.dumps(document) if document else None)
        session = botocore.session.get_session()
        SigV4Auth(session.get_credentials(), "bedrock", "us-east-1").add_auth(request)
        verify = session.get_config_variable("ca_bundle")
        with closing(URLLib3Session(verify=verify)) as http:
            answer = http.send(request.prepare())
        assert answer.status_code == 200, answer.text
        return json.loads(answer.text)

    def copy(self, run: str, other: str, artifact: str) -> None:
        """Puts a run's artifact into another's folder."""
        self._put(Keys.folder(other) + artifact, self.pipeline.artifact(run, artifact))

    def _put(self, key: str, body: str | bytes | None) -> None:
        assert body is not None
        bucket = self.pipeline.outputs["ArtifactsBucketName"]
        self.pipeline.client("s3").put_object(Bucket=bucket, Key=key, Body=body)

    def forget(self, run: str, below: str = "") -> None:
        """Deletes the run's artifacts: the page over all runs reads each run's card."""
        s3, bucket = self.pipeline.client("s3"), self.pipeline.outputs["ArtifactsBucketName"]
        for entry in s3.list_objects_v2(Bucket=bucket, Prefix=Keys.folder(run) + below).get("Contents", []):
            s3.delete_object(Bucket=bucket, Key=entry["Key"])

    def forget_trainings(self) -> None:
        """As if no run had trained before."""
        s3, bucket = self.pipeline.client("s3"), self.pipeline.outputs["ArtifactsBucketName"]
        for entry in s3.list_objects_v2(Bucket=bucket, Prefix="runs/training-").get("Contents", []):
            s3.delete_object(Bucket=bucket, Key=entry["Key"])

    def registered_training(self, job_name: str = "") -> None:
        """The first run of the untouched dataset as the one that trained with its content, or only registered to."""
        first = self.first_run("untouched")
        record = json.loads(self.pipeline.artifact(first, Keys.TRAINING_JOB) or b"{}")
        name = job_name or record["job_name"]
        use = {"run_id": first, "trained_by": first, "job_name": name}
        self._put(Keys.training(record["fingerprint"]), json.dumps([use]))

    def training(self) -> str:
        """A run whose job is in progress, and has neither an execution nor a release switch; returns its id."""
        run, first, bedrock = (
            self.next_run("provisioned"),
            self.first_run("provisioned"),
            self.pipeline.client("bedrock"),
        )
        job = bedrock.get_model_customization_job(jobIdentifier=resource_name(DEPLOYMENT, first))
        tags = [{"key": Tags.DEPLOYMENT, "value": DEPLOYMENT}, {"key": Tags.RUN, "value": run}]
        name = resource_name(DEPLOYMENT, run)
        with self.bedrock_settings(job_stage_seconds=600):
            arn = bedrock.create_model_customization_job(
                jobName=name,
                customModelName=name,
                roleArn=job["roleArn"],
                baseModelIdentifier=job["baseModelArn"],
                trainingDataConfig=job["trainingDataConfig"],
                outputDataConfig=job["outputDataConfig"],
                jobTags=tags,
                customModelTags=tags,
            )["jobArn"]
        self.copy(first, run, Keys.MANIFEST)
        record = {"run_id": run, "trained_by": run, "job_name": name, "recorded_at": iso(now()), "job_arn": arn}
        self._put(Keys.folder(run) + Keys.TRAINING_JOB, json.dumps(record))
        return run

    def stop_jobs(self) -> None:
        """Ends what a release that was denied has left in training: there are places for two."""
        bedrock = self.pipeline.client("bedrock")
        for job in bedrock.list_model_customization_jobs(statusEquals="InProgress")["modelCustomizationJobSummaries"]:
            bedrock.stop_model_customization_job(jobIdentifier=job["jobArn"])

    def job_status(self, run: str) -> str:
        """Bedrock's word for how the run's job is doing."""
        job = self.pipeline.client("bedrock").get_model_customization_job(jobIdentifier=resource_name(DEPLOYMENT, run))
        return str(job["status"])

    def forget_endpoint_times(self) -> None:
        """As if no endpoint had come into service before."""
        bucket = self.pipeline.outputs["ArtifactsBucketName"]
        self.pipeline.client("s3").delete_object(Bucket=bucket, Key=Keys.ENDPOINT_TIMES)

    def forget_prices(self) -> None:
        """AWS's price list has to be asked again."""
        bucket = self.pipeline.outputs["ArtifactsBucketName"]
        self.pipeline.client("s3").delete_object(Bucket=bucket, Key=Keys.PRICES)

    def sweep_until_nothing_is_alive(self) -> None:
        """What has a term is swept once the term is over."""
        until(lambda: self.sweep() and not self.pipeline.alive(), "a cloud without throughput", 30)

    def nothing_alive(self, seconds: float = 30) -> None:
        """Waits until nothing is left that is paid for."""
        until(lambda: not self.pipeline.alive(), "a cloud without throughput", seconds)
