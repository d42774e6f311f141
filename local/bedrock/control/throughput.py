"""Provisioned model throughput."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

from local.bedrock.account_region import Scope, current_scope, new_id
from local.bedrock.catalogue import foundation_models, lifecycle
from local.bedrock.control.listing import page
from local.bedrock.control.models import find_model
from local.bedrock.control.serving import bill, close_bill, refuse_if_told, shown, state
from local.bedrock.control.tags import from_wire
from local.bedrock.errors import ConflictError, ResourceNotFoundError, ServiceQuotaExceededError, ValidationError
from local.bedrock.records import Commitment, Throughput

if TYPE_CHECKING:
    from local.bedrock.bedrock import Bedrock

_MONTHS: dict[Commitment, int] = {"OneMonth": 1, "SixMonths": 6}


def create(bedrock: Bedrock, params: dict[str, Any]) -> dict[str, Any]:
    """CreateProvisionedModelThroughput; the bill starts when it is in service."""
    scope = current_scope()
    with bedrock.store.lock:
        earlier = bedrock.store.throughputs.with_token(scope, params.get("clientRequestToken"))
        if earlier:
            return {"provisionedModelArn": earlier.arn}
        throughput = _new_throughput(bedrock, scope, params)
        bedrock.store.throughputs.put(throughput)
        if not throughput.injected_failure:
            bill(bedrock, throughput, "provisioned-model", throughput.model_units, throughput.commitment)
    return {"provisionedModelArn": throughput.arn}


def _new_throughput(bedrock: Bedrock, scope: Scope, params: dict[str, Any]) -> Throughput:
    model = find_model(bedrock, scope, params["modelId"])
    if bedrock.store.throughputs.find(scope, params["provisionedModelName"]):
        raise ValidationError("The provided provisioned model name is currently in use.")
    base = foundation_models()[model.base_model_id]
    if lifecycle(base, bedrock.settings) != "ACTIVE":
        # Amazon Bedrock User Guide, "Model lifecycle"; AWS's own words are not known.
        raise ValidationError(f"New Provisioned Throughput cannot be created for {base.id}, which is in Legacy state.")
    commitment: Commitment | None = params.get("commitmentDuration")
    _check_quota(bedrock, scope, params["modelUnits"], commitment)
    identifier, now = new_id(), bedrock.clock()
    return Throughput(
        id=identifier,
        name=params["provisionedModelName"],
        arn=scope.arn(f"provisioned-model/{identifier}"),
        scope=scope,
        created=now,
        changed=now,
        ready=now + timedelta(seconds=bedrock.settings.throughput_seconds),
        token=params.get("clientRequestToken"),
        tags=from_wire(params.get("tags")),
        model_arn=model.arn,
        base_model_id=model.base_model_id,
        model_units=params["modelUnits"],
        commitment=commitment,
        commitment_ends=now + _term(bedrock, commitment) if commitment else None,
        injected_failure=bedrock.settings.fail_throughputs,
    )


def _term(bedrock: Bedrock, commitment: Commitment) -> timedelta:
    return timedelta(seconds=_MONTHS[commitment] * bedrock.settings.month_seconds)


def _check_quota(bedrock: Bedrock, scope: Scope, units: int, commitment: Commitment | None) -> None:
    settings = bedrock.settings
    quota = settings.committed_model_units if commitment else settings.model_units
    used = sum(
        throughput.model_units
        for throughput in bedrock.store.throughputs.all(scope)
        if (throughput.commitment is None) == (commitment is None)
    )
    kind = "" if commitment else "no "
    if quota == 0:
        raise ServiceQuotaExceededError(
            f"Your account does not currently have any {kind}commitment model units reserved. "
            "Request a quota increase to use provisioned throughput."
        )
    if used + units > quota:
        raise ServiceQuotaExceededError(
            f"The request needs {units} {kind}commitment model unit(s); {used} of your account's {quota} are in use."
        )


def get(bedrock: Bedrock, params: dict[str, Any]) -> dict[str, Any]:
    """GetProvisionedModelThroughput."""
    throughput = shown(bedrock, _find(bedrock, params["provisionedModelId"]))
    failed = state(throughput, bedrock.clock(), "InService") == "Failed"
    return _summary(bedrock, throughput) | {"failureMessage": throughput.injected_failure if failed else None}


def list_throughputs(bedrock: Bedrock, params: dict[str, Any]) -> dict[str, Any]:
    """ListProvisionedModelThroughputs."""
    found = (
        shown(bedrock, throughput)
        for throughput in bedrock.store.throughputs.all(current_scope())
        if params.get("statusEquals") in (None, state(throughput, bedrock.clock(), "InService"))
        and params.get("modelArnEquals") in (None, throughput.model_arn)
    )
    return page(found, params, "provisionedModelSummaries", lambda throughput: _summary(bedrock, throughput))


def update(bedrock: Bedrock, params: dict[str, Any]) -> dict[str, Any]:
    """UpdateProvisionedModelThroughput: another name, or another model of the same base."""
    with bedrock.store.lock:
        throughput = _find(bedrock, params["provisionedModelId"])
        changes: dict[str, Any] = {"changed": bedrock.clock()}
        name = params.get("desiredProvisionedModelName", throughput.name)
        if name != throughput.name:
            if bedrock.store.throughputs.find(throughput.scope, name):
                raise ValidationError("The provided provisioned model name is currently in use.")
            changes["name"] = name
        if "desiredModelId" in params:
            model = find_model(bedrock, throughput.scope, params["desiredModelId"])
            if model.base_model_id != throughput.base_model_id:
                raise ValidationError("The desired model must have the base model of the provisioned one.")
            changes["model_arn"] = model.arn
        bedrock.store.throughputs.update(throughput.id, **changes)
    return {}


def delete(bedrock: Bedrock, params: dict[str, Any]) -> dict[str, Any]:
    """DeleteProvisionedModelThroughput; a commitment must have ended."""
    with bedrock.store.lock:
        throughput = _find(bedrock, params["provisionedModelId"])
        if throughput.commitment_ends and bedrock.clock() < throughput.commitment_ends:
            raise ConflictError(
                f"The provisioned throughput has a commitment ({throughput.commitment}) until "
                f"{throughput.commitment_ends:%Y-%m-%d}: it cannot be deleted before."
            )
        refuse_if_told(bedrock)
        bedrock.store.throughputs.delete(throughput.id)
        close_bill(bedrock, throughput)
    return {}


def _summary(bedrock: Bedrock, throughput: Throughput) -> dict[str, Any]:
    return {
        "provisionedModelName": throughput.name,
        "provisionedModelArn": throughput.arn,
        "modelArn": throughput.model_arn,
        "desiredModelArn": throughput.model_arn,
        "foundationModelArn": throughput.scope.foundation_model_arn(throughput.base_model_id),
        "modelUnits": throughput.model_units,
        "desiredModelUnits": throughput.model_units,
        "status": state(throughput, bedrock.clock(), "InService"),
        "commitmentDuration": throughput.commitment,
        "commitmentExpirationTime": throughput.commitment_ends,
        "creationTime": throughput.created,
        "lastModifiedTime": max(throughput.changed, min(throughput.ready, bedrock.clock())),
    }


def _find(bedrock: Bedrock, identifier: str) -> Throughput:
    throughput = bedrock.store.throughputs.find(current_scope(), identifier)
    if throughput is None:
        raise ResourceNotFoundError(f"Could not find the provisioned model: {identifier}")
    return throughput


OPERATIONS = {
    "CreateProvisionedModelThroughput": create,
    "GetProvisionedModelThroughput": get,
    "ListProvisionedModelThroughputs": list_throughputs,
    "UpdateProvisionedModelThroughput": update,
    "DeleteProvisionedModelThroughput": delete,
}
