"""Executes batch inference jobs, each on its own thread: the models of the runtime answer the records of a file.

Source: Amazon Bedrock User Guide, "Format and upload your batch inference data" and "View the results of a batch
inference job" (November 2026).
"""

from __future__ import annotations

import json
import logging
import tempfile
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

from ministack.core.responses import request_scope

from local.bedrock.engine.client import InferenceClient
from local.bedrock.errors import BedrockError, ValidationError
from local.bedrock.jobs.failure import JobFailedError, JobStoppedError
from local.bedrock.jobs.storage import S3Uri, Storage
from local.bedrock.protocol.routing import service_model
from local.bedrock.protocol.serializing import HEADERS
from local.bedrock.protocol.validation import validate
from local.bedrock.runtime.converse import converse
from local.bedrock.runtime.operations import invoke_model
from local.bedrock.state.bedrock_state import BedrockState
from local.bedrock.state.records import InvocationJob, InvocationStatus
from local.bedrock.state.settings import Settings

MOST_RECORDS = 50_000
RESTARTED = "The local Bedrock was restarted while the job was in progress. Start the job again."
_INJECTED = {"errorCode": 500, "errorMessage": "The local Bedrock fails this record: LOCAL_BEDROCK_FAIL_BATCH_RECORDS."}

logger = logging.getLogger(__name__)
BatchRecord = dict[str, Any]


class BatchRunner:
    """Runs batch inference jobs. Their results are in the store and in S3."""

    def __init__(self, state: BedrockState, inference: InferenceClient) -> None:
        self._state = state
        self._inference = inference
        self._stops: dict[str, threading.Event] = {}
        # The threads of these jobs ended with the previous server process.
        for job in state.store.invocation_jobs.all():
            if not job.is_over:
                self._end(job.id, "Failed", RESTARTED)

    def start(self, job: InvocationJob, storage: Storage) -> None:
        """Starts a job that is in the store already."""
        self._stops[job.id] = threading.Event()
        threading.Thread(target=self._run, args=(job, storage), name=f"batch-{job.name}", daemon=True).start()

    def stop(self, job_id: str) -> None:
        """Asks a job to stop. What it has answered until then is written."""
        self._mark(job_id, "Stopping")
        self._stops[job_id].set()

    def stop_all(self) -> None:
        """Ends all jobs, because the server shuts down."""
        for event in self._stops.values():
            event.set()

    def _run(self, job: InvocationJob, storage: Storage) -> None:
        # The models answer for the account of the job, as in a request.
        with request_scope(job.account_region.account, job.account_region.region):
            try:
                self._pass(job.id, "Validating")
                records = _read(job, storage, self._state.settings)
                self._state.store.invocation_jobs.update(job.id, total=len(records))
                self._pass(job.id, "Scheduled")
                if job.injected_failure:
                    raise JobFailedError(job.injected_failure)
                self._pass(job.id, "InProgress")
                self._answer(job, storage, records)
            except JobStoppedError:
                self._end(job.id, "Stopped")
            except JobFailedError as error:
                self._end(job.id, "Failed", str(error))
            # A bug must not leave the job in progress.
            except Exception as error:
                logger.exception("batch job %s", job.name)
                self._end(job.id, "Failed", f"The local Bedrock failed: {type(error).__name__}: {error}")

    def _answer(self, job: InvocationJob, storage: Storage, records: list[BatchRecord]) -> None:
        answered: list[BatchRecord] = []
        for number, record in enumerate(records):
            if self._stops[job.id].is_set():
                break
            answered.append(self._one(job, number, record))
            failed = sum("error" in each for each in answered)
            self._state.store.invocation_jobs.update(job.id, succeeded=len(answered) - failed, failed=failed)
        _write(job, storage, len(records), answered)
        if self._stops[job.id].is_set():
            raise JobStoppedError
        self._end(job.id, "Completed")

    def _one(self, job: InvocationJob, number: int, record: BatchRecord) -> BatchRecord:
        """The line of the output for a record: with the model's output, or with an error in its place."""
        if number < job.failing_records:
            return {**record, "error": _INJECTED}
        try:
            ask = self._converse if job.invocation_type == "Converse" else self._invoke
            return {**record, "modelOutput": ask(job.model_id, record["modelInput"])}
        except BedrockError as error:
            return {**record, "error": {"errorCode": error.status, "errorMessage": str(error)}}

    def _converse(self, model_id: str, request: BatchRecord) -> BatchRecord:
        if "toolConfig" in request:
            raise ValidationError("Tool calling is not supported for batch jobs with the Converse invocation type.")
        params = {**request, "modelId": model_id}
        validate(service_model("bedrock-runtime").operation_model("Converse"), params)
        reply = converse(self._state, self._inference, params, "Batch")
        output = {name: value for name, value in reply.items() if name != HEADERS}
        # Where boto3 has the headers of a response. AWS's output has no such member.
        return {**output, "ResponseMetadata": {"HTTPHeaders": reply[HEADERS]}}

    def _invoke(self, model_id: str, request: BatchRecord) -> BatchRecord:
        params = {"modelId": model_id, "body": json.dumps(request).encode()}
        output: BatchRecord = json.loads(invoke_model(self._state, self._inference, params, "Batch")["body"])
        return output

    def _pass(self, job_id: str, status: InvocationStatus) -> None:
        """Waits for the end of the status before, and records the next one."""
        if self._stops[job_id].wait(self._state.settings.batch_stage_seconds):
            raise JobStoppedError
        self._mark(job_id, status, unless=lambda job: job.status == "Stopping")

    def _mark(
        self, job_id: str, status: InvocationStatus, unless: Callable[[InvocationJob], bool] = lambda _: False
    ) -> None:
        table = self._state.store.invocation_jobs
        with self._state.store.lock:
            job = table.by_id(job_id)
            if job and not unless(job):
                table.update(job_id, status=status, changed=self._state.clock())

    def _end(self, job_id: str, status: InvocationStatus, message: str | None = None) -> None:
        now = self._state.clock()
        self._state.store.invocation_jobs.update(job_id, status=status, message=message, changed=now, ended=now)


def _read(job: InvocationJob, storage: Storage, settings: Settings) -> list[BatchRecord]:
    with tempfile.TemporaryDirectory() as folder:
        target = Path(folder) / "input.jsonl"
        storage.read(S3Uri.parse(job.input_uri), target)
        lines = target.read_text("utf-8").splitlines()
    records = [_record(line, number) for number, line in enumerate(lines, start=1)]
    least = settings.batch_minimum_records
    if not least <= len(records) <= MOST_RECORDS:
        raise JobFailedError(
            f"The job has {len(records)} records. A batch inference job for this model must have at least {least} and "
            f"at most {MOST_RECORDS}."
        )
    storage.check_writable(S3Uri.parse(job.output_uri))
    return records


def _record(line: str, number: int) -> BatchRecord:
    try:
        found = json.loads(line)
    except ValueError:
        found = None
    if not isinstance(found, dict) or not isinstance(found.get("modelInput"), dict):
        raise JobFailedError(f"Line {number} of the input is not a JSON object with a modelInput.")
    return {"recordId": f"{number:011d}", **found}


def _write(job: InvocationJob, storage: Storage, total: int, answered: list[BatchRecord]) -> None:
    """The output and its manifest, below the job's id."""
    folder = S3Uri.parse(job.output_uri).below(job.id)
    text = "".join(json.dumps(each, ensure_ascii=False) + "\n" for each in answered)
    storage.write(folder.below(f"{Path(job.input_uri).name}.out"), text.encode())
    usages = [each.get("modelOutput", {}).get("usage", {}) for each in answered]
    failed = sum("error" in each for each in answered)
    manifest = {
        "totalRecordCount": total,
        "processedRecordCount": len(answered),
        "successRecordCount": len(answered) - failed,
        "errorRecordCount": failed,
        "inputTokenCount": sum(usage.get("inputTokens", 0) for usage in usages),
        "outputTokenCount": sum(usage.get("outputTokens", 0) for usage in usages),
    }
    storage.write(folder.below("manifest.json.out"), json.dumps(manifest).encode())
