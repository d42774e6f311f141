"""The deployed pipeline as its administrator uses it: to prepare what a scenario needs, and to clean up after it."""

from __future__ import annotations

import json
import uuid
from collections.abc import Iterator
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
from tuner.artifacts.batch import BatchJob
from tuner.core.artifact_keys import Keys
from tuner.core.resource_names import Tags, batch_name, resource_name
from tuner.core.times import iso, now

DEPLOYMENT = "tuner"
# A sweep retries a release for a minute before it fails.
_LONG_TIMEOUT = Config(read_timeout=180, retries={"max_attempts": 0})


@dataclass
class AdminPipeline:
    """The deployed pipeline, with the calls that only an administrator may make."""

    pipeline: Pipeline
    _first_runs: dict[str, str] = field(default_factory=dict)
    _repeats: int = 0
    may_adopt_jobs: bool = False
    uploads: int = 0

    def first_run(self, dataset: str) -> str:
        """The run that the upload of the dataset started, with all permissions. Its end is checked."""
        if dataset not in self._first_runs:
            self.pipeline.drop(dataset, DATASETS[dataset].files())
            run = self.pipeline.run_of(dataset)
            ended = self.pipeline.finished(run)
            expected = DATASETS[dataset].ends
            assert (ended["status"], ended.get("error")) == expected, ended.get("cause")
            self._first_runs[dataset] = run
        return self._first_runs[dataset]

    def next_run(self, dataset: str) -> str:
        """The id that the next run of the dataset will have."""
        self._repeats += 1
        return f"{self.first_run(dataset)}-r{self._repeats}"

    def start(self, run: str) -> str:
        """Starts a run that `next_run` named, and returns its id. It adopts no job unless `may_adopt_jobs` is set."""
        if not self.may_adopt_jobs:
            self.delete_training_index()
        first, _, repeat = run.rpartition("-r")
        dataset = next(name for name, run_id in self._first_runs.items() if run_id == first)
        result = self.invoke("StartFunctionName", {"dataset": dataset, "repeat": int(repeat)})
        assert (result["run_id"], result["started"]) == (run, True)
        return run

    def execute(self, run: str) -> None:
        """Starts the execution directly, because the start function refuses a run that has artifacts."""
        first = run.rpartition("-r")[0]
        document = json.loads(self.pipeline.describe(first)["input"]) | {"run_id": run}
        self.pipeline.client("stepfunctions").start_execution(
            stateMachineArn=self.pipeline.outputs["StateMachineArn"], name=run, input=json.dumps(document)
        )

    def invoke(self, function: str, event: dict[str, Any]) -> Any:
        """The result or the error of a function, which is named by itself or by an output of the stack."""
        name = self.pipeline.outputs.get(function, function)
        functions = self.pipeline.session.client("lambda", config=_LONG_TIMEOUT)
        return json.loads(self.pipeline.reply(name, event, functions)["Payload"].read())

    def sweep(self) -> Any:
        """Invokes the sweep as the hourly rule does."""
        with self.bedrock_settings(endpoints_age_hours=1):  # the sweep ignores younger ones
            return self.invoke("ReleaseFunctionName", {"sweep": True})

    def create_endpoint(self, run: str, kind: str = "provisioned") -> str:
        """Creates throughput or a deployment, as an earlier attempt of this run would have. Returns its ARN."""
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
        """Creates throughput of a run that does not exist. Returns the run's id."""
        run = f"orphan-{uuid.uuid4().hex[:12]}"
        self.create_endpoint(run)
        return run

    def run_with_endpoint(self, dataset: str) -> str:
        """A run with an endpoint, but without an execution and a release schedule. Returns its id."""
        run, kind = self.next_run(dataset), "on_demand" if "demand" in dataset else "provisioned"
        record = {
            "kind": kind,
            "arn": self.create_endpoint(run, kind),
            "name": resource_name(DEPLOYMENT, run),
            "model_units": 1 if kind == "provisioned" else None,
            "commitment": None,
            "created_at": iso(now()),
        }
        self.copy(self.first_run(dataset), run, Keys.MANIFEST)
        self._put(Keys.folder(run) + Keys.ENDPOINT, json.dumps(record))
        return run

    def request_stack_deletion(self) -> str:
        """The reason in the response to CloudFormation when the stack is deleted."""
        s3, bucket = self.pipeline.client("s3"), self.pipeline.outputs["ArtifactsBucketName"]
        response = {"Bucket": bucket, "Key": f"stack-deletion/{uuid.uuid4().hex}"}
        event = {
            "RequestType": "Delete",
            "ResponseURL": s3.generate_presigned_url("put_object", Params={**response, "ContentType": ""}),
            "StackId": "stack",
            "RequestId": "request",
            "LogicalResourceId": "ReleaseBeforeDeletion",
        }
        assert self.invoke(f"{DEPLOYMENT}-release-throughput", event) == {}
        return str(json.loads(s3.get_object(**response)["Body"].read())["Reason"])

    def create_unused_model(self) -> str:
        """Creates a custom model that nothing uses and no gate has accepted. Returns its ARN."""
        run = self.start(self.next_run("untouched"))
        self.pipeline.finished(run)
        model = self.pipeline.client("bedrock").get_custom_model(modelIdentifier=resource_name(DEPLOYMENT, run))
        return str(model["modelArn"])

    def models(self) -> set[str]:
        """ARNs of all custom models."""
        pages = self.pipeline.client("bedrock").get_paginator("list_custom_models").paginate()
        return {model["modelArn"] for page in pages for model in page["modelSummaries"]}

    def create_release_schedule(self, run: str, seconds: float) -> None:
        """Creates the run's release schedule as the pipeline does. It fires after this many seconds."""
        variables = self.pipeline.variables(f"{DEPLOYMENT}-arm-release")
        self.pipeline.client("scheduler").create_schedule(
            Name=resource_name(DEPLOYMENT, run),
            GroupName=variables["SCHEDULE_GROUP"],
            ScheduleExpression=f"at({datetime.now(UTC) + timedelta(seconds=seconds):%Y-%m-%dT%H:%M:%S})",
            FlexibleTimeWindow={"Mode": "OFF"},
            ActionAfterCompletion="DELETE",
            Target={
                "Arn": variables["RELEASE_FUNCTION_ARN"],
                "RoleArn": variables["SCHEDULER_ROLE_ARN"],
                "Input": json.dumps({"run_id": run}),
            },
        )

    def create_schedule_of_released_endpoint(self) -> str:
        """Creates the release schedule of a run whose endpoint was released some time ago. Returns the run's id."""
        run = self.next_run("provisioned")
        record = {
            "kind": "provisioned",
            "arn": "arn:aws:bedrock:us-east-1:000000000000:provisioned-model/000000000000",
            "name": resource_name(DEPLOYMENT, run),
            "created_at": iso(now() - timedelta(hours=1)),
            "released_at": iso(now() - timedelta(minutes=30)),
        }
        self._put(Keys.folder(run) + Keys.ENDPOINT, json.dumps(record))
        self.create_release_schedule(run, 3600)
        return run

    def scheduled(self, run: str) -> bool:
        """Whether the release schedule of the run exists."""
        pages = self.pipeline.client("scheduler").get_paginator("list_schedules").paginate()
        return resource_name(DEPLOYMENT, run) in {entry["Name"] for page in pages for entry in page["Schedules"]}

    def undelivered_log_line(self, position: int) -> str | None:
        """The line of the server's log, after this position, on a delivery that was not allowed."""
        return self.find_in_log("is not delivered to", position)

    def find_in_log(self, text: str, position: int) -> str | None:
        """The first line of the server's log that contains the text, after this position."""
        return next((line for line in self.log()[position:].splitlines() if text in line), None)

    def log(self) -> str:
        """The server's log."""
        return CloudFolder.default().server_log.read_text(errors="replace")

    @contextmanager
    def bedrock_settings(self, **changes: Any) -> Iterator[None]:
        """Changes settings of the local Bedrock, and restores them at the end."""
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
        """Copies an artifact of a run into the folder of another run."""
        self._put(Keys.folder(other) + artifact, self.pipeline.artifact(run, artifact))

    def write(self, run: str, artifact: str, body: str) -> None:
        """Writes an artifact of a run."""
        self._put(Keys.folder(run) + artifact, body)

    def _put(self, key: str, body: str | bytes | None) -> None:
        assert body is not None
        bucket = self.pipeline.outputs["ArtifactsBucketName"]
        self.pipeline.client("s3").put_object(Bucket=bucket, Key=key, Body=body)

    def delete_artifacts(self, run: str, below: str = "") -> None:
        """Deletes the run's artifacts, so that the page of all runs does not list it."""
        s3, bucket = self.pipeline.client("s3"), self.pipeline.outputs["ArtifactsBucketName"]
        for entry in s3.list_objects_v2(Bucket=bucket, Prefix=Keys.folder(run) + below).get("Contents", []):
            s3.delete_object(Bucket=bucket, Key=entry["Key"])

    def delete_training_index(self) -> None:
        """Deletes the index of trained datasets, so that no run adopts a job."""
        s3, bucket = self.pipeline.client("s3"), self.pipeline.outputs["ArtifactsBucketName"]
        for entry in s3.list_objects_v2(Bucket=bucket, Prefix="runs/training-").get("Contents", []):
            s3.delete_object(Bucket=bucket, Key=entry["Key"])

    def register_training(self, job_name: str = "") -> None:
        """Registers the first run of the dataset `untouched` for its content, with its own job or the one named."""
        first = self.first_run("untouched")
        record = json.loads(self.pipeline.artifact(first, Keys.TRAINING_JOB) or b"{}")
        name = job_name or record["job_name"]
        use = {"run_id": first, "trained_by": first, "job_name": name}
        self._put(Keys.training(record["fingerprint"]), json.dumps([use]))

    def run_in_training(self) -> str:
        """A run whose job is in progress, without an execution and a release schedule. Returns its id."""
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

    def run_in_batch(self) -> str:
        """A run whose batch job is in progress, without an execution. Returns its id."""
        run, first, bedrock = self.next_run("unhurried"), self.first_run("unhurried"), self.pipeline.client("bedrock")
        (job, *_) = bedrock.list_model_invocation_jobs(nameContains=resource_name(DEPLOYMENT, first))[
            "invocationJobSummaries"
        ]
        name, under = batch_name(DEPLOYMENT, run, 1), Keys.batch("base")
        with self.bedrock_settings(batch_stage_seconds=600):
            arn = bedrock.create_model_invocation_job(
                jobName=name,
                roleArn=job["roleArn"],
                modelId=job["modelId"],
                inputDataConfig=job["inputDataConfig"],
                outputDataConfig=job["outputDataConfig"],
                tags=[{"key": Tags.DEPLOYMENT, "value": DEPLOYMENT}, {"key": Tags.RUN, "value": run}],
            )["jobArn"]
            until(lambda: self.batch_status(arn) == "Submitted", "a batch job", 10)
        self.copy(first, run, Keys.MANIFEST)
        record = BatchJob(contestant="base", job_name=name, records=1, recorded_at=iso(now()), job_arn=arn)
        self._put(Keys.folder(run) + under + BatchJob.NAME, record.to_json().decode())
        return run

    def batch_status(self, arn: str) -> str:
        """The status of a batch job."""
        return str(self.pipeline.client("bedrock").get_model_invocation_job(jobIdentifier=arn)["status"])

    def stop_jobs(self) -> None:
        """Stops the jobs that a denied release left, because the quota allows two."""
        bedrock = self.pipeline.client("bedrock")
        for job in bedrock.list_model_customization_jobs(statusEquals="InProgress")["modelCustomizationJobSummaries"]:
            bedrock.stop_model_customization_job(jobIdentifier=job["jobArn"])

    def job_status(self, run: str) -> str:
        """The status of the run's job."""
        job = self.pipeline.client("bedrock").get_model_customization_job(jobIdentifier=resource_name(DEPLOYMENT, run))
        return str(job["status"])

    def delete_endpoint_times(self) -> None:
        """Deletes the durations of earlier endpoints."""
        bucket = self.pipeline.outputs["ArtifactsBucketName"]
        self.pipeline.client("s3").delete_object(Bucket=bucket, Key=Keys.ENDPOINT_TIMES)

    def delete_cached_prices(self) -> None:
        """Deletes the cached prices, so that the price list is read again."""
        bucket = self.pipeline.outputs["ArtifactsBucketName"]
        self.pipeline.client("s3").delete_object(Bucket=bucket, Key=Keys.PRICES)

    def delete_index_of_runs(self) -> None:
        """Deletes the index of all runs, so that their summaries are read again."""
        bucket = self.pipeline.outputs["ArtifactsBucketName"]
        self.pipeline.client("s3").delete_object(Bucket=bucket, Key=Keys.INDEX)

    def sweep_until_released(self) -> None:
        """Sweeps until no throughput exists. Throughput with a commitment exists until its term ends."""
        until(lambda: self.sweep() and not self.pipeline.alive(), "a cloud without throughput", 30)

    def wait_until_released(self, seconds: float = 30) -> None:
        """Waits until no paid resource exists."""
        until(lambda: not self.pipeline.alive(), "a cloud without throughput", seconds)
