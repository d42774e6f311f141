"""Provisioned model throughput."""

from __future__ import annotations

from datetime import timedelta
from functools import partial
from typing import Any

from local.bedrock.control.pagination import page
from local.bedrock.errors import ConflictError, ServiceQuotaExceededError, ValidationError
from local.bedrock.offered_models import foundation_models, lifecycle
from local.bedrock.protocol.operation import Operation, Params, Result
from local.bedrock.state.account_region import AccountRegion, current_account_region, new_id
from local.bedrock.state.bedrock_state import BedrockState
from local.bedrock.state.billing import close_bill, open_bill
from local.bedrock.state.endpoints import check_deletion_allowed, endpoint_status, with_age_offset
from local.bedrock.state.lookups import find_model, find_throughput
from local.bedrock.state.records import Commitment, Throughput
from local.bedrock.state.tags import tags_from_request

_MONTHS: dict[Commitment, int] = {"OneMonth": 1, "SixMonths": 6}


def operations(state: BedrockState) -> dict[str, Operation]:
    """The handlers of this module by API name."""
    return {
        "CreateProvisionedModelThroughput": partial(create, state),
        "GetProvisionedModelThroughput": partial(get, state),
        "ListProvisionedModelThroughputs": partial(list_throughputs, state),
        "UpdateProvisionedModelThroughput": partial(update, state),
        "DeleteProvisionedModelThroughput": partial(delete, state),
    }


def create(state: BedrockState, params: Params) -> Result:
    """CreateProvisionedModelThroughput. Billing starts when the throughput is in service."""
    account_region = current_account_region()
    with state.store.lock:
        earlier = state.store.throughputs.with_token(account_region, params.get("clientRequestToken"))
        if earlier:
            return {"provisionedModelArn": earlier.arn}
        throughput = _new_throughput(state, account_region, params)
        state.store.throughputs.put(throughput)
        open_bill(state.store, throughput)
    return {"provisionedModelArn": throughput.arn}


def _new_throughput(state: BedrockState, account_region: AccountRegion, params: Params) -> Throughput:
    model = find_model(state.store, account_region, params["modelId"])
    if state.store.throughputs.find(account_region, params["provisionedModelName"]):
        raise ValidationError("The provided provisioned model name is currently in use.")
    base = foundation_models()[model.base_model_id]
    if lifecycle(base, state.settings) != "ACTIVE":
        # The rule is in the Amazon Bedrock User Guide, "Model lifecycle". AWS's own message is not known.
        raise ValidationError(f"New Provisioned Throughput cannot be created for {base.id}, which is in Legacy state.")
    commitment: Commitment | None = params.get("commitmentDuration")
    _check_quota(state, account_region, params["modelUnits"], commitment)
    identifier, now = new_id(), state.clock()
    return Throughput(
        id=identifier,
        name=params["provisionedModelName"],
        arn=account_region.arn(f"provisioned-model/{identifier}"),
        account_region=account_region,
        created=now,
        changed=now,
        ready=now + timedelta(seconds=state.settings.throughput_seconds),
        token=params.get("clientRequestToken"),
        tags=tags_from_request(params.get("tags")),
        model_arn=model.arn,
        base_model_id=model.base_model_id,
        model_units=params["modelUnits"],
        commitment=commitment,
        commitment_ends=now + _term(state, commitment) if commitment else None,
        injected_failure=state.settings.fail_throughputs,
    )


def _term(state: BedrockState, commitment: Commitment) -> timedelta:
    return timedelta(seconds=_MONTHS[commitment] * state.settings.month_seconds)


def _check_quota(state: BedrockState, account_region: AccountRegion, units: int, commitment: Commitment | None) -> None:
    """Model units with and without a commitment have separate quotas."""
    quota = state.settings.committed_model_units if commitment else state.settings.model_units
    used = sum(
        throughput.model_units
        for throughput in state.store.throughputs.all(account_region)
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


def get(state: BedrockState, params: Params) -> Result:
    """GetProvisionedModelThroughput."""
    found = find_throughput(state.store, current_account_region(), params["provisionedModelId"])
    throughput = with_age_offset(found, state.settings)
    failed = _status(state, throughput) == "Failed"
    return _summary(state, throughput) | {"failureMessage": throughput.injected_failure if failed else None}


def list_throughputs(state: BedrockState, params: Params) -> Result:
    """ListProvisionedModelThroughputs."""
    found = (
        with_age_offset(throughput, state.settings)
        for throughput in state.store.throughputs.all(current_account_region())
        if params.get("statusEquals") in (None, _status(state, throughput))
        and params.get("modelArnEquals") in (None, throughput.model_arn)
    )
    return page(found, params, "provisionedModelSummaries", partial(_summary, state))


def update(state: BedrockState, params: Params) -> Result:
    """UpdateProvisionedModelThroughput: sets another name, or another custom model of the same base model."""
    with state.store.lock:
        throughput = find_throughput(state.store, current_account_region(), params["provisionedModelId"])
        changes: dict[str, Any] = {"changed": state.clock()}
        name = params.get("desiredProvisionedModelName", throughput.name)
        if name != throughput.name:
            if state.store.throughputs.find(throughput.account_region, name):
                raise ValidationError("The provided provisioned model name is currently in use.")
            changes["name"] = name
        if "desiredModelId" in params:
            model = find_model(state.store, throughput.account_region, params["desiredModelId"])
            if model.base_model_id != throughput.base_model_id:
                raise ValidationError("The desired model must have the base model of the provisioned one.")
            changes["model_arn"] = model.arn
        state.store.throughputs.update(throughput.id, **changes)
    return {}


def delete(state: BedrockState, params: Params) -> Result:
    """DeleteProvisionedModelThroughput. Refused until the commitment has ended, if there is one."""
    with state.store.lock:
        throughput = find_throughput(state.store, current_account_region(), params["provisionedModelId"])
        ends = with_age_offset(throughput, state.settings).commitment_ends
        if ends and state.clock() < ends:
            raise ConflictError(
                f"The provisioned throughput has a commitment ({throughput.commitment}) until {ends:%Y-%m-%d}. "
                "It cannot be deleted before that date."
            )
        check_deletion_allowed(state.settings)
        state.store.throughputs.delete(throughput.id)
        close_bill(state.store, throughput, state.clock())
    return {}


def _status(state: BedrockState, throughput: Throughput) -> str:
    return endpoint_status(throughput, state.clock(), "InService")


def _summary(state: BedrockState, throughput: Throughput) -> Result:
    return {
        "provisionedModelName": throughput.name,
        "provisionedModelArn": throughput.arn,
        "modelArn": throughput.model_arn,
        # An update takes effect at once here, so the desired values are the current ones.
        "desiredModelArn": throughput.model_arn,
        "foundationModelArn": throughput.account_region.foundation_model_arn(throughput.base_model_id),
        "modelUnits": throughput.model_units,
        "desiredModelUnits": throughput.model_units,
        "status": _status(state, throughput),
        "commitmentDuration": throughput.commitment,
        "commitmentExpirationTime": throughput.commitment_ends,
        "creationTime": throughput.created,
        # The change to InService happens without a request, when `ready` has come.
        "lastModifiedTime": max(throughput.changed, min(throughput.ready, state.clock())),
    }
