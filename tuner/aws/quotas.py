"""Reads the account's service quotas."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from botocore.exceptions import ClientError

from tuner.aws.clients import client
from tuner.aws.error_mapping import code_of, mapped_errors

# Codes of quotas of Amazon Bedrock, with their names.
CUSTOMIZATION_JOBS = "L-0406044C"  # (Model customization) Scheduled customization jobs
# Model units no-commitment Provisioned Throughputs across custom models. The code for units with a commitment is not
# documented.
MODEL_UNITS = "L-BE77399C"
DEPLOYMENTS = "L-C02E1E99"  # Custom models with a creating status per account

# As Service Quotas lists them, in public inventories of real accounts (autumn 2026). A model's quotas have two
# spellings: "On-demand model inference requests per minute for X" and, in the User Guide's page "Quotas for the
# bedrock-runtime endpoint", "On-demand InvokeModel tokens per minute for X".
_PER_MINUTE = re.compile(
    r"^(?P<routing>global cross-region|cross-region|on-demand) (?:model inference|invokemodel) "
    r"(?P<what>requests|tokens) per minute for (?P<model>.+)$",
    re.IGNORECASE,
)
# Without the vendor, as in "... for Nova Micro V1" and "... for Llama 3.1 70B Instruct"; but "OpenAI GPT OSS 120b".
_BATCH_MINIMUM = re.compile(r"^minimum number of records per batch inference job for (?P<model>.+)$", re.IGNORECASE)
_ROUTINGS = {"in-region": "on-demand", "geographic": "cross-region", "global": "global cross-region"}


@dataclass(frozen=True, slots=True)
class Quota:
    """A quota and its value for the account."""

    code: str
    name: str
    value: float


class Quotas:
    """Calls: servicequotas:{GetServiceQuota,ListServiceQuotas}."""

    def __init__(self, api: Any = None) -> None:
        self._api = api or client("service-quotas")

    def value(self, service: str, code: str) -> float | None:
        """The account's value of a quota in the Region, or None when Service Quotas does not know the code."""
        with mapped_errors(f"read the quota {code} of {service}"):
            try:
                return float(self._api.get_service_quota(ServiceCode=service, QuotaCode=code)["Quota"]["Value"])
            except ClientError as error:
                if code_of(error) == "NoSuchResourceException":
                    return None
                raise

    def all(self, service: str) -> tuple[Quota, ...]:
        """All quotas of a service with a value for the account in the Region. Bedrock has several hundred."""
        with mapped_errors(f"list the quotas of {service}"):
            pages = self._api.get_paginator("list_service_quotas").paginate(ServiceCode=service)
            return tuple(
                Quota(entry["QuotaCode"], entry["QuotaName"], float(entry["Value"]))
                for page in pages
                for entry in page["Quotas"]
                if "Value" in entry
            )


def per_minute(quotas: Iterable[Quota], model: str, routing: str) -> dict[str, float]:
    """The `requests` and `tokens` per minute of a model for this routing, as far as the quotas list them."""
    found: dict[str, float] = {}
    for quota in quotas:
        named = _PER_MINUTE.match(quota.name)
        if named and named["routing"].lower() == _ROUTINGS[routing] and _same(named["model"], model):
            found[named["what"].lower()] = quota.value
    return found


def batch_minimum(quotas: Iterable[Quota], names: Iterable[str]) -> int | None:
    """The least number of records of a batch job of a model that has one of these names. None if no quota has one."""
    wanted = [name for name in names if name]
    for quota in quotas:
        named = _BATCH_MINIMUM.match(quota.name)
        if named and any(_same(named["model"], name) for name in wanted):
            return int(quota.value)
    return None


def _same(listed: str, wanted: str) -> bool:
    """Compares model names. `Anthropic Claude Haiku 4.5 V1` is `Anthropic Claude Haiku 4.5`; longer names differ."""
    plain = wanted.removesuffix(" V1")
    return bool(plain) and re.fullmatch(rf"{re.escape(plain)}( V1)?", listed, re.IGNORECASE) is not None
