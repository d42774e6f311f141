"""A local cloud with a proxy between its functions and AWS. A worker runs cases in it, one after another."""

from __future__ import annotations

import itertools
import json
import os
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Mapping
from contextlib import closing
from pathlib import Path
from typing import Any, get_args

import boto3
import botocore.session
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.httpsession import URLLib3Session

from local import cloud
from local.folder import FOLDER_VARIABLE, CloudFolder
from local.patches import EXTRA_PATCHES_VARIABLE
from local.processes import mark
from tests.chaos.injection.plan import STALE_READS, Journal, Plans
from tests.chaos.scenarios import DEPLOYMENT
from tests.e2e.clouds import synthesized
from tests.e2e.pipeline import Pipeline, until
from tuner.aws.dynamodb.queue_state import Pool
from tuner.aws.dynamodb.run_queue_table import PlacesTable

# Shortens the waits and retry intervals of the state machine, and the time that Bedrock needs for resources.
SCALED = {
    "SFN_WAIT_SCALE": "0.002",
    "LAMBDA_ASYNC_RETRY_BASE_SECONDS": "0.1",
    "LAMBDA_ASYNC_RETRY_MAX_SECONDS": "0.3",
    # A function is Pending or Inactive only where a fault makes it so.
    "LOCAL_PENDING": "0",
    "LOCAL_IDLE": "0",
    "LOCAL_BEDROCK_JOB_STAGE_SECONDS": "0",
    "LOCAL_BEDROCK_THROUGHPUT_SECONDS": "0",
    "LOCAL_BEDROCK_DEPLOYMENT_SECONDS": "0",
    "LOCAL_BEDROCK_BATCH_STAGE_SECONDS": "0",
}
_READ_SECONDS = "2"
# The timeout of the harness's own requests. It is long because a busy machine answers slowly.
_CONTROL_SECONDS = 60
# The statuses of a batch job that has ended or is ending.
_OVER = {"Completed", "PartiallyCompleted", "Failed", "Stopping", "Stopped", "Expired"}
_ACCELERATED = Path(__file__).parent / "accelerated"
# close_run waits for a concurrent release, which is not accelerated.
_SLEEP_SCALE = {"close_run": "0.02"}


class Worker:
    """A deployed cloud. The worker itself uses it as the administrator, without the proxy.

    Workers whose folders are in one folder share the synthesized app, which is put there.
    """

    def __init__(self, folder: Path) -> None:
        os.environ |= {
            **SCALED,
            FOLDER_VARIABLE: str(folder),
            EXTRA_PATCHES_VARIABLE: "tests.chaos.injection.server_patch",
        }
        self.folder = folder
        self.numbers = itertools.count(1)
        self.plans, self.invocations, self.calls = Plans(folder), Journal(folder), Journal(folder, "calls")
        cloud.down()
        try:
            self._bring_up()
        except BaseException:  # No other code can take this cloud down yet.
            self.close()
            raise

    def _bring_up(self) -> None:
        cloud.up(engine="instant", deploy=False)
        cloud.up(engine="instant", app=synthesized(self.folder.parent, {}))
        self._environment = cloud.env().applied_to(os.environ)
        os.environ.clear()
        os.environ.update(self._environment)
        self.pipeline = Pipeline(boto3.Session())
        self.proxy = self._start_proxy()
        self._route_functions_through_the_proxy()
        self._shorten_the_wait_for_uploads()
        self.notification_queue = self._subscribe()
        self.settings = self.bedrock("GET")

    def close(self) -> None:
        """Take the cloud down. This ends the proxy, too, because it is marked as a process of the cloud."""
        cloud.down()

    def _start_proxy(self) -> str:
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            port = probe.getsockname()[1]
        upstream = self._environment["AWS_ENDPOINT_URL"]
        with (self.folder / "log" / "proxy.log").open("ab") as log:
            subprocess.Popen(
                [sys.executable, "-m", "tests.chaos.injection.proxy", upstream, str(port), str(self.folder)],
                env=self._environment | mark(CloudFolder(self.folder)) | {"SSL_CERT_FILE": os.environ["AWS_CA_BUNDLE"]},
                stdout=log,
                stderr=subprocess.STDOUT,
            )
        url = f"http://127.0.0.1:{port}"
        deadline = time.monotonic() + _CONTROL_SECONDS
        while True:
            try:
                with urllib.request.urlopen(f"{url}/_microburst/health", timeout=5):
                    return url
            except OSError:
                if time.monotonic() > deadline:
                    raise
                time.sleep(0.1)

    def _route_functions_through_the_proxy(self) -> None:
        """Change the functions' environment only: their endpoint, their user agent, and accelerated pauses."""

        def routed(variables: dict[str, str]) -> dict[str, str]:
            step = variables["POWERTOOLS_SERVICE_NAME"]
            deployment = json.loads(variables["DEPLOYMENT"]) | DEPLOYMENT
            return variables | {
                "AWS_ENDPOINT_URL": self.proxy,
                "AWS_SDK_UA_APP_ID": f"{step}.",
                "PYTHONPATH": str(_ACCELERATED),
                "ACCELERATED_READ_SECONDS": _READ_SECONDS,
                "ACCELERATED_SLEEP_SCALE": _SLEEP_SCALE.get(step, SCALED["SFN_WAIT_SCALE"]),
                "DEPLOYMENT": json.dumps(deployment),
            }

        self.pipeline.change_variables(routed)

    def _shorten_the_wait_for_uploads(self) -> None:
        sqs = self.pipeline.client("sqs")
        (url,) = [url for url in sqs.list_queues()["QueueUrls"] if "Arrivals" in url]
        sqs.set_queue_attributes(QueueUrl=url, Attributes={"DelaySeconds": "1"})

    def _subscribe(self) -> str:
        """The URL of a queue that receives all notifications."""
        sqs, topic = self.pipeline.client("sqs"), self.pipeline.outputs["TopicArn"]
        url: str = sqs.create_queue(QueueName="notices")["QueueUrl"]
        arn = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
        may = {"Effect": "Allow", "Principal": "*", "Action": "sqs:SendMessage", "Resource": arn}
        policy = json.dumps({"Version": "2012-10-17", "Statement": [may]})
        sqs.set_queue_attributes(QueueUrl=url, Attributes={"Policy": policy})
        self.pipeline.client("sns").subscribe(TopicArn=topic, Protocol="sqs", Endpoint=arn)
        return url

    def sweep(self) -> bool:
        """Invoke the targets of every scheduled rule asynchronously, as EventBridge does. False if all are disabled."""
        began = self.invocations.size()
        events, functions = self.pipeline.client("events"), self.pipeline.client("lambda")
        rules = [rule for rule in events.list_rules()["Rules"] if rule.get("ScheduleExpression")]
        enabled = [rule["Name"] for rule in rules if rule["State"] == "ENABLED"]
        for name in enabled:
            for target in events.list_targets_by_rule(Rule=name)["Targets"]:
                functions.invoke(FunctionName=target["Arn"], InvocationType="Event", Payload=target["Input"])
                until(lambda: self.invocations.since(began), "the sweep's invocation", 60)
        return bool(enabled)

    def messages(self, queue: str) -> list[dict[str, Any]]:
        """Receive and delete all messages of a queue."""
        sqs, found = self.pipeline.client("sqs"), []
        while batch := sqs.receive_message(QueueUrl=queue, MaxNumberOfMessages=10).get("Messages", []):
            for message in batch:
                sqs.delete_message(QueueUrl=queue, ReceiptHandle=message["ReceiptHandle"])
                found.append(json.loads(message["Body"]))
        return found

    def undelivered(self) -> list[dict[str, Any]]:
        """Receive and delete all messages of the deployment's dead-letter queue."""
        urls = self.pipeline.client("sqs").list_queues()["QueueUrls"]
        return [message for url in urls if url != self.notification_queue for message in self.messages(url)]

    def alive(self, dataset: str) -> list[str]:
        """ARNs of the endpoints that can be deleted. A throughput with a commitment cannot, before its term ends."""
        bedrock = self.pipeline.client("bedrock")
        throughput = bedrock.list_provisioned_model_throughputs(nameContains=dataset)["provisionedModelSummaries"]
        deployments = bedrock.list_custom_model_deployments(nameContains=dataset)["modelDeploymentSummaries"]
        return [
            *(entry["provisionedModelArn"] for entry in throughput if not entry.get("commitmentDuration")),
            *(entry["customModelDeploymentArn"] for entry in deployments),
        ]

    def training(self, dataset: str) -> list[str]:
        """Names of the customization jobs in progress."""
        return self.customizations(dataset, statusEquals="InProgress")

    def customizations(self, dataset: str, **status: str) -> list[str]:
        """Names of the customization jobs, all or with this status."""
        found = self.pipeline.client("bedrock").list_model_customization_jobs(nameContains=dataset, **status)
        return [job["jobName"] for job in found["modelCustomizationJobSummaries"]]

    def batches(self, dataset: str) -> dict[str, str]:
        """The batch jobs that are not over: ARN and name."""
        found = self.batch_jobs(dataset)
        return {job["jobArn"]: job["jobName"] for job in found if job["status"] not in _OVER}

    def batch_jobs(self, dataset: str) -> list[Mapping[str, Any]]:
        """All batch jobs."""
        jobs = self.pipeline.client("bedrock").list_model_invocation_jobs(nameContains=dataset)
        return list(jobs["invocationJobSummaries"])

    def models(self, dataset: str) -> list[str]:
        """ARNs of the custom models, also of those that the next reads of somebody else would miss."""
        client = self.pipeline.client("bedrock")
        reads = [client.list_custom_models(nameContains=dataset) for _ in range(STALE_READS + 1)]
        return [model["modelArn"] for model in reads[-1]["modelSummaries"]]

    def in_queues(self) -> set[str]:
        """Ids of the runs that have a place of a pool or wait for one."""
        table = PlacesTable(self.pipeline.outputs["StateTableName"], self.pipeline.client("dynamodb"))
        return {run.run_id for pool in get_args(Pool) for run in (*table.state(pool).holders, *table.waiting(pool))}

    def set_rules(self, rules: list[Mapping[str, Any]]) -> None:
        """Replace all rules of the proxy."""
        body = json.dumps(rules).encode()
        request = urllib.request.Request(f"{self.proxy}/_microburst/rules", data=body, method="POST")
        with urllib.request.urlopen(request, timeout=_CONTROL_SECONDS):
            return

    def bedrock(self, method: str, document: Any = None, path: str = "settings") -> Any:
        """Call a local-only endpoint of the local Bedrock. Returns its JSON document."""
        url = f"{self._environment['AWS_ENDPOINT_URL']}/_local/bedrock/{path}"
        request = AWSRequest(method, url, data=json.dumps(document) if document else None)
        SigV4Auth(botocore.session.get_session().get_credentials(), "bedrock", "us-east-1").add_auth(request)
        ca = self._environment["AWS_CA_BUNDLE"]
        with closing(URLLib3Session(verify=ca, timeout=_CONTROL_SECONDS)) as http:
            answer = http.send(request.prepare())
        assert answer.status_code == 200, answer.text
        return json.loads(answer.text)
