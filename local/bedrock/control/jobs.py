"""Model customization jobs."""

from __future__ import annotations

from functools import partial

from local.bedrock.control.pagination import page
from local.bedrock.errors import ConflictError, ServiceQuotaExceededError, ValidationError
from local.bedrock.jobs import hyperparameters
from local.bedrock.jobs.runner import JobRunner
from local.bedrock.offered_models import tunable_model
from local.bedrock.protocol.operation import Operation, Params, Result
from local.bedrock.state.account_region import AccountRegion, current_account_region, new_id
from local.bedrock.state.bedrock_state import BedrockState
from local.bedrock.state.lookups import find_job
from local.bedrock.state.records import Job, Stage
from local.bedrock.state.tags import tags_from_request


def operations(state: BedrockState, runner: JobRunner) -> dict[str, Operation]:
    """The handlers of this module by API name. `runner` executes the jobs."""
    return {
        "CreateModelCustomizationJob": partial(create, state, runner),
        "GetModelCustomizationJob": partial(get, state),
        "ListModelCustomizationJobs": partial(list_jobs, state),
        "StopModelCustomizationJob": partial(stop, state, runner),
    }


def create(state: BedrockState, runner: JobRunner, params: Params) -> Result:
    """CreateModelCustomizationJob.

    Refuses the requests that AWS refuses synchronously. AWS checks the data and the role's S3 access later: these fail
    the job.
    """
    account_region = current_account_region()
    with state.store.lock:
        earlier = state.store.jobs.with_token(account_region, params.get("clientRequestToken"))
        if earlier:
            return {"jobArn": earlier.arn}
        job = _new_job(state, account_region, params)
        # Assuming the role is part of the synchronous checks.
        storage = runner.open_storage(job)
        state.store.jobs.put(job)
    runner.start(job, storage, state.settings)
    return {"jobArn": job.arn}


def _new_job(state: BedrockState, account_region: AccountRegion, params: Params) -> Job:
    if params.get("customizationType", "FINE_TUNING") != "FINE_TUNING":
        raise ValidationError(f"The local Bedrock supports FINE_TUNING only; found {params['customizationType']}.")
    model = tunable_model(state.settings, account_region, params["baseModelIdentifier"])
    validators = params.get("validationDataConfig", {}).get("validators", [])
    if len(validators) > 1:
        raise ValidationError("The validation data must be one file.")
    if "s3Uri" not in params["trainingDataConfig"]:
        raise ValidationError("Invalid training input data configuration. Check the input data S3 Uris and retry.")
    values = hyperparameters.check(model, params.get("hyperParameters", {}))
    _check_names(state, account_region, params)
    identifier, now = new_id(), state.clock()
    return Job(
        id=identifier,
        name=params["jobName"],
        arn=account_region.arn(f"model-customization-job/{model.id}/{identifier}"),
        account_region=account_region,
        created=now,
        changed=now,
        token=params.get("clientRequestToken"),
        tags=tags_from_request(params.get("jobTags")),
        model_name=params["customModelName"],
        model_tags=tags_from_request(params.get("customModelTags")),
        role_arn=params["roleArn"],
        base_model_id=model.id,
        hyperparameters=values,
        training_uri=params["trainingDataConfig"]["s3Uri"],
        validation_uri=validators[0]["s3Uri"] if validators else None,
        output_uri=params["outputDataConfig"]["s3Uri"],
        kms_key=params.get("customModelKmsKeyId"),
        engine=state.settings.engine,
        seed=state.settings.seed,
        injected_failure=state.settings.fail_jobs,
    )


def _check_names(state: BedrockState, account_region: AccountRegion, params: Params) -> None:
    jobs = list(state.store.jobs.all(account_region))
    # The name of a job can never be used again. The name of a model is available again after its deletion.
    if any(job.name == params["jobName"] for job in jobs):
        raise ValidationError("The provided job name is currently in use.")
    active = [job for job in jobs if job.status in ("InProgress", "Stopping")]
    taken = [model.name for model in state.store.models.all(account_region)] + [job.model_name for job in active]
    if params["customModelName"] in taken:
        raise ValidationError("The provided custom model name is currently in use.")
    if len(active) >= state.settings.concurrent_jobs:
        raise ServiceQuotaExceededError(
            "You have exceeded the number of concurrent model customization jobs for your account "
            f"({state.settings.concurrent_jobs}). Wait for a job to end, or request an increase of the quota."
        )


def get(state: BedrockState, params: Params) -> Result:
    """GetModelCustomizationJob."""
    job = find_job(state.store, current_account_region(), params["jobIdentifier"])
    completed = job.status == "Completed"
    return {
        "jobArn": job.arn,
        "jobName": job.name,
        "outputModelName": job.model_name,
        "outputModelArn": job.model_arn,
        "clientRequestToken": job.token,
        "roleArn": job.role_arn,
        "status": job.status,
        "statusDetails": _status_details(job),
        # The service model limits the message to 2,048 characters.
        "failureMessage": job.failure and job.failure[:2048],
        "creationTime": job.created,
        "lastModifiedTime": job.changed,
        "endTime": job.ended,
        "baseModelArn": job.account_region.foundation_model_arn(job.base_model_id),
        "hyperParameters": job.hyperparameters,
        "trainingDataConfig": {"s3Uri": job.training_uri},
        "validationDataConfig": {"validators": [{"s3Uri": job.validation_uri}] if job.validation_uri else []},
        "outputDataConfig": {"s3Uri": job.output_uri},
        "customizationType": "FINE_TUNING",
        "outputModelKmsKeyArn": job.kms_key,
        "trainingMetrics": {"trainingLoss": job.training_loss} if completed and job.training_loss is not None else None,
        "validationMetrics": [{"validationLoss": job.validation_loss}] if job.validation_loss is not None else None,
    }


def list_jobs(state: BedrockState, params: Params) -> Result:
    """ListModelCustomizationJobs."""
    status = params.get("statusEquals")
    jobs = (job for job in state.store.jobs.all(current_account_region()) if status in (None, job.status))
    return page(jobs, params, "modelCustomizationJobSummaries", _summary)


def stop(state: BedrockState, runner: JobRunner, params: Params) -> Result:
    """StopModelCustomizationJob."""
    with state.store.lock:
        job = find_job(state.store, current_account_region(), params["jobIdentifier"])
        if job.status != "InProgress":
            raise ConflictError(f"The job is {job.status}. Only a job in progress can be stopped.")
        runner.stop(job.id)
    return {}


def _summary(job: Job) -> Result:
    return {
        "jobArn": job.arn,
        "baseModelArn": job.account_region.foundation_model_arn(job.base_model_id),
        "jobName": job.name,
        "status": job.status,
        "statusDetails": _status_details(job),
        "lastModifiedTime": job.changed,
        "creationTime": job.created,
        "endTime": job.ended,
        "customModelArn": job.model_arn,
        "customModelName": job.model_name,
        "customizationType": "FINE_TUNING",
    }


def _status_details(job: Job) -> Result:
    def details(stage: Stage) -> Result:
        return {"status": stage.status, "creationTime": stage.started, "lastModifiedTime": stage.changed}

    return {
        "validationDetails": details(job.validation),
        "dataProcessingDetails": details(job.data_processing),
        "trainingDetails": details(job.training),
    }
