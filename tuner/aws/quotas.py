"""Service Quotas."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from botocore.exceptions import ClientError

from tuner.aws.clients import client
from tuner.aws.translate import code_of, translated


@dataclass(frozen=True, slots=True)
class Quota:
    """A quota with the account's value."""

    code: str
    name: str
    value: float


class Quotas:
    """Calls: servicequotas:{GetServiceQuota,ListServiceQuotas}."""

    def __init__(self, api: Any = None, region: str | None = None) -> None:
        self._api = api or client("service-quotas", region)

    def value(self, service: str, code: str) -> float | None:
        """The account's value of a quota in the Region, or None where Service Quotas does not know the code."""
        with translated(f"read the quota {code} of {service}"):
            try:
                return float(self._api.get_service_quota(ServiceCode=service, QuotaCode=code)["Quota"]["Value"])
            except ClientError as error:
                if code_of(error) == "NoSuchResourceException":
                    return None
                raise

    def all(self, service: str) -> tuple[Quota, ...]:
        """All quotas of a service that have a value for the account in the Region; Bedrock has several hundred."""
        with translated(f"list the quotas of {service}"):
            pages = self._api.get_paginator("list_service_quotas").paginate(ServiceCode=service)
            return tuple(
                Quota(entry["QuotaCode"], entry["QuotaName"], float(entry["Value"]))
                for page in pages
                for entry in page["Quotas"]
                if "Value" in entry
            )
