"""Service Quotas for Amazon Bedrock: GetServiceQuota and ListServiceQuotas."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from typing import Any

from local.bedrock.errors import NoSuchResourceError
from local.bedrock.offered_models import foundation_models, supports_batch
from local.bedrock.protocol.operation import Operation, Params, Result
from local.bedrock.state.account_region import current_account_region
from local.bedrock.state.bedrock_state import BedrockState
from local.bedrock.state.settings import Settings
from tuner import catalog


def operations(state: BedrockState) -> dict[str, Operation]:
    """The handlers of this module by API name."""
    return {"GetServiceQuota": partial(get, state), "ListServiceQuotas": partial(list_quotas, state)}


def get(state: BedrockState, params: Params) -> Result:
    """GetServiceQuota."""
    _check_service(params["ServiceCode"])
    found = next((quota for quota in _quotas(state.settings) if quota["QuotaCode"] == params["QuotaCode"]), None)
    if found is None:
        raise NoSuchResourceError("The request failed because the specified quota does not exist.")
    return {"Quota": found}


def list_quotas(state: BedrockState, params: Params) -> Result:
    """ListServiceQuotas."""
    _check_service(params["ServiceCode"])
    # Without NextToken: all quotas fit on one page of AWS, which has up to 100.
    return {"Quotas": _quotas(state.settings)}


def _check_service(code: str) -> None:
    if code != "bedrock":
        raise NoSuchResourceError("The request failed because the specified service does not exist.")


def _quotas(settings: Settings) -> list[dict[str, Any]]:
    """The quotas that the local Bedrock enforces, under AWS's codes and names."""
    values = (
        ("L-BE77399C", "Model units no-commitment Provisioned Throughputs across custom models", settings.model_units),
        ("L-0406044C", "(Model customization) Scheduled customization jobs", settings.concurrent_jobs),
        ("L-C02E1E99", "Custom models with a creating status per account", settings.deployments_in_progress),
    )
    batches = tuple(_batch_quotas(settings))
    judges = _judge_quotas(settings.judge_requests_per_minute) if settings.judge_requests_per_minute else ()
    return [_quota(code, name, value) for code, name, value in (*values, *batches, *judges)]


def _judge_quotas(requests: int) -> Iterator[tuple[str, str, float]]:
    """The request quotas of the judges under AWS's names. AWS's codes are not known, so these codes are invented."""
    routing_names = {"in-region": "On-demand", "geographic": "Cross-region", "global": "Global cross-region"}
    for number, judge in enumerate(catalog.judges()):
        routing = routing_names[judge.routing]
        yield f"L-LOCAL{number:03d}", f"{routing} model inference requests per minute for {judge.quota}", requests


def _batch_quotas(settings: Settings) -> Iterator[tuple[str, str, float]]:
    """The quotas of batch inference jobs by model, under the form of AWS's names, with invented codes."""
    names = sorted({model.name for model in foundation_models().values() if supports_batch(model)})
    for number, name in enumerate(names):
        quota = f"Minimum number of records per batch inference job for {name}"
        yield f"L-LOCALB{number:03d}", quota, settings.batch_minimum_records


def _quota(code: str, name: str, value: float) -> dict[str, Any]:
    account_region = current_account_region()
    return {
        "ServiceCode": "bedrock",
        "ServiceName": "Amazon Bedrock",
        "QuotaArn": f"arn:aws:servicequotas:{account_region.region}:{account_region.account}:bedrock/{code}",
        "QuotaCode": code,
        "QuotaName": name,
        "Value": float(value),
        "Unit": "None",
        "Adjustable": True,
        "GlobalQuota": False,
    }
