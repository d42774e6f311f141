"""Model customization jobs."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from local.bedrock.account_region import Scope, current_scope, new_id
from local.bedrock.control.foundation import tunable_model
from local.bedrock.control.listing import page
from local.bedrock.control.tags import from_wire
from local.bedrock.errors import ConflictError, ResourceNotFoundError, ServiceQuotaExceededError, ValidationError
from local.bedrock.jobs import hyperparameters
from local.bedrock.records import Job, Stage

if TYPE_CHECKING:
    from local.bedrock.bedrock import Bedrock


def create(bedrock: Bedrock, params: dict[str, Any]) -> dict[str, Any]:
    """CreateModelCustomizationJob: everything that AWS refuses at once is refused at once; the rest fails the job."""
    scope = current_scope()
    with bedrock.store.lock:
        earlier = bedrock.store.jobs.with_token(scope, params.get("clientRequestToken"))
        if earlier:
            return {"jobArn": earlier.arn}
        job = _new_job(bedrock, scope, params)
        storage = bedrock.open_storage(job.role_arn, scope, job.arn)
        bedrock.store.jobs.put(job)
    bedrock.runner.start(job, storage, bedrock.settings)
    return {"jobArn": job.arn}


def _new_job(bedrock: Bedrock, scope: Scope, params: dict[str, Any]) -> Job:
    if params.get("customizationType", "FINE_TUNING") != "FINE_TUNING":
        raise ValidationError(f"The local Bedrock customizes by FINE_TUNING, not by {params['customizationType']}.")
    model = tunable_model(bedrock, scope, params["baseModelIdentifier"])
    validators = params.get("validationDataConfig", {}).get("validators", [])
    if len(validators) > 1:
        raise ValidationError("The validation data must be one file.")
    if "s3Uri" not in params["trainingDataConfig"]:
        raise ValidationError("Invalid training input data configuration. Check the input data S3 Uris and retry.")
    values = hyperparameters.check(model, params.get("hyperParameters", {}))
    _check_names(bedrock, scope, params)
    identifier, now = new_id(), bedrock.clock()
    return Job(
        id=identifier,
        name=params["jobName"],
        arn=scope.arn(f"model-customization-job/{model.id}/{identifier}"),
        scope=scope,
        created=now,
        changed=now,
        token=params.get("clientRequestToken"),
        tags=from_wire(params.get("jobTags")),
        model_name=params["customModelName"],
        model_tags=from_wire(params.get("customModelTags")),
        role_arn=params["roleArn"],
        base_model_id=model.id,
        hyperparameters=values,
        training_uri=params["trainingDataConfig"]["s3Uri"],
        validation_uri=validators[0]["s3Uri"] if validators else None,
        output_uri=params["outputDataConfig"]["s3Uri"],
        kms_key=params.get("customModelKmsKeyId"),
        engine=bedrock.settings.engine,
        seed=bedrock.settings.seed,
        injected_failure=bedrock.settings.fail_jobs,
    )


def _check_names(bedrock: Bedrock, scope: Scope, params: dict[str, Any]) -> None:
    jobs = list(bedrock.store.jobs.all(scope))
    if any(job.name == params["jobName"] for job in jobs):
        raise ValidationError("The provided job name is currently in use.")
    active = [job for job in jobs if job.status in ("InProgress", "Stopping")]
    taken = [model.name for model in bedrock.store.models.all(scope)] + [job.model_name for job in active]
    if params["customModelName"] in taken:
        raise ValidationError("The provided custom model name is currently in use.")
    if len(active) >= bedrock.settings.concurrent_jobs:
        raise ServiceQuotaExceededError(
            "You have exceeded the number of concurrent model customization jobs for your account "
            f"({bedrock.settings.concurrent_jobs}). Wait for a job to end, or request an increase of the quota."
        )


def get(bedrock: Bedrock, params: dict[str, Any]) -> dict[str, Any]:
    """GetModelCustomizationJob."""
    job = _find(bedrock, params["jobIdentifier"])
    losses = job.status == "Completed"
    return {
        "jobArn": job.arn,
        "jobName": job.name,
        "outputModelName": job.model_name,
        "outputModelArn": job.model_arn,
        "clientRequestToken": job.token,
        "roleArn": job.role_arn,
        "status": job.status,
        "statusDetails": _status_details(job),
        "failureMessage": job.failure and job.failure[:2048],
        "creationTime": job.created,
        "lastModifiedTime": job.changed,
        "endTime": job.ended,
        "baseModelArn": job.scope.foundation_model_arn(job.base_model_id),
        "hyperParameters": job.hyperparameters,
        "trainingDataConfig": {"s3Uri": job.training_uri},
        "validationDataConfig": {"validators": [{"s3Uri": job.validation_uri}] if job.validation_uri else []},
        "outputDataConfig": {"s3Uri": job.output_uri},
        "customizationType": "FINE_TUNING",
        "outputModelKmsKeyArn": job.kms_key,
        "trainingMetrics": {"trainingLoss": job.training_loss} if losses and job.training_loss is not None else None,
        "validationMetrics": [{"validationLoss": job.validation_loss}] if job.validation_loss is not None else None,
    }


def list_jobs(bedrock: Bedrock, params: dict[str, Any]) -> dict[str, Any]:
    """ListModelCustomizationJobs."""
    status = params.get("statusEquals")
    jobs = (job for job in bedrock.store.jobs.all(current_scope()) if status in (None, job.status))
    return page(jobs, params, "modelCustomizationJobSummaries", _summary)


def stop(bedrock: Bedrock, params: dict[str, Any]) -> dict[str, Any]:
    """StopModelCustomizationJob."""
    with bedrock.store.lock:
        job = _find(bedrock, params["jobIdentifier"])
        if job.status != "InProgress":
            raise ConflictError(f"The job is {job.status}: only a job in progress can be stopped.")
        bedrock.runner.stop(job.id)
    return {}


def _summary(job: Job) -> dict[str, Any]:
    return {
        "jobArn": job.arn,
        "baseModelArn": job.scope.foundation_model_arn(job.base_model_id),
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


def _status_details(job: Job) -> dict[str, Any]:
    def details(stage: Stage) -> dict[str, Any]:
        return {"status": stage.status, "creationTime": stage.started, "lastModifiedTime": stage.changed}

    return {
        "validationDetails": details(job.validation),
        "dataProcessingDetails": details(job.data_processing),
        "trainingDetails": details(job.training),
    }


def _find(bedrock: Bedrock, identifier: str) -> Job:
    job = bedrock.store.jobs.find(current_scope(), identifier)
    if job is None:
        raise ResourceNotFoundError("The provided job identifier could not be found.")
    return job


OPERATIONS = {
    "CreateModelCustomizationJob": create,
    "GetModelCustomizationJob": get,
    "ListModelCustomizationJobs": list_jobs,
    "StopModelCustomizationJob": stop,
}
