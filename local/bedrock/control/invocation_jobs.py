"""Batch inference jobs: CreateModelInvocationJob and the operations on them."""

from __future__ import annotations

from datetime import timedelta
from functools import partial

from local.bedrock.control.pagination import page
from local.bedrock.errors import ConflictError, ServiceQuotaExceededError, ValidationError
from local.bedrock.jobs.batch import BatchRunner
from local.bedrock.jobs.runner import StorageOpener
from local.bedrock.offered_models import supports_batch
from local.bedrock.protocol.operation import Operation, Params, Result
from local.bedrock.runtime.target import is_endpoint, resolve
from local.bedrock.state.account_region import AccountRegion, current_account_region, new_id
from local.bedrock.state.bedrock_state import BedrockState
from local.bedrock.state.lookups import find_invocation_job
from local.bedrock.state.records import InvocationJob
from local.bedrock.state.tags import tags_from_request

_DEFAULT_HOURS = 24


def operations(state: BedrockState, runner: BatchRunner, open_storage: StorageOpener) -> dict[str, Operation]:
    """The handlers of this module by API name. `runner` executes the jobs."""
    return {
        "CreateModelInvocationJob": partial(create, state, runner, open_storage),
        "GetModelInvocationJob": partial(get, state),
        "ListModelInvocationJobs": partial(list_jobs, state),
        "StopModelInvocationJob": partial(stop, state, runner),
    }


def create(state: BedrockState, runner: BatchRunner, open_storage: StorageOpener, params: Params) -> Result:
    """CreateModelInvocationJob. The input is read later: what is wrong with it fails the job."""
    account_region = current_account_region()
    with state.store.lock:
        earlier = state.store.invocation_jobs.with_token(account_region, params.get("clientRequestToken"))
        if earlier:
            return {"jobArn": earlier.arn}
        job = _new_job(state, account_region, params)
        # Assuming the role is part of the synchronous checks.
        storage = open_storage(job)
        state.store.invocation_jobs.put(job)
    runner.start(job, storage)
    return {"jobArn": job.arn}


def _new_job(state: BedrockState, account_region: AccountRegion, params: Params) -> InvocationJob:
    model_id = params["modelId"]
    if is_endpoint(model_id):
        raise ValidationError("Batch inference is not supported for provisioned models and deployments.")
    base = resolve(state, model_id).base
    if not supports_batch(base):
        raise ValidationError(f"The model {base.id} does not support batch inference.")
    same = [
        job
        for job in state.store.invocation_jobs.all(account_region)
        if not job.is_over and resolve(state, job.model_id).base == base
    ]
    if len(same) >= state.settings.batch_jobs:
        raise ServiceQuotaExceededError(
            f"You have exceeded the number of in-progress and submitted batch inference jobs for {base.name} "
            f"({state.settings.batch_jobs}). Wait for a job to end, or request an increase of the quota."
        )
    identifier, now = new_id(), state.clock()
    return InvocationJob(
        id=identifier,
        name=params["jobName"],
        arn=account_region.arn(f"model-invocation-job/{identifier}"),
        account_region=account_region,
        created=now,
        changed=now,
        token=params.get("clientRequestToken"),
        tags=tags_from_request(params.get("tags")),
        model_id=model_id,
        role_arn=params["roleArn"],
        invocation_type=params.get("modelInvocationType", "InvokeModel"),
        input_uri=params["inputDataConfig"]["s3InputDataConfig"]["s3Uri"],
        output_uri=params["outputDataConfig"]["s3OutputDataConfig"]["s3Uri"],
        timeout_hours=params.get("timeoutDurationInHours", _DEFAULT_HOURS),
        injected_failure=state.settings.fail_batches,
        failing_records=state.settings.fail_batch_records,
    )


def get(state: BedrockState, params: Params) -> Result:
    """GetModelInvocationJob."""
    return _details(find_invocation_job(state.store, current_account_region(), params["jobIdentifier"]))


def list_jobs(state: BedrockState, params: Params) -> Result:
    """ListModelInvocationJobs."""
    status = params.get("statusEquals")
    jobs = state.store.invocation_jobs.all(current_account_region())
    found = (job for job in jobs if status in (None, job.status))
    return page(found, params, "invocationJobSummaries", _details, "submitTimeAfter", "submitTimeBefore")


def stop(state: BedrockState, runner: BatchRunner, params: Params) -> Result:
    """StopModelInvocationJob."""
    with state.store.lock:
        job = find_invocation_job(state.store, current_account_region(), params["jobIdentifier"])
        if job.is_over or job.status == "Stopping":
            raise ConflictError(f"The job is {job.status}. Only a job that is not over can be stopped.")
        runner.stop(job.id)
    return {}


def _details(job: InvocationJob) -> Result:
    return {
        "jobArn": job.arn,
        "jobName": job.name,
        "modelId": job.model_id,
        "clientRequestToken": job.token,
        "roleArn": job.role_arn,
        "status": job.status,
        # The service model limits the message to 2,048 characters.
        "message": job.message and job.message[:2048],
        "submitTime": job.created,
        "lastModifiedTime": job.changed,
        "endTime": job.ended,
        "inputDataConfig": {"s3InputDataConfig": {"s3InputFormat": "JSONL", "s3Uri": job.input_uri}},
        "outputDataConfig": {"s3OutputDataConfig": {"s3Uri": job.output_uri}},
        "timeoutDurationInHours": job.timeout_hours,
        "jobExpirationTime": job.created + timedelta(hours=job.timeout_hours),
        "modelInvocationType": job.invocation_type,
        "totalRecordCount": job.total,
        "processedRecordCount": job.succeeded + job.failed,
        "successRecordCount": job.succeeded,
        "errorRecordCount": job.failed,
    }
