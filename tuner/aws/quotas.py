"""Service Quotas."""

from __future__ import annotations

from typing import Any

from botocore.exceptions import ClientError

from tuner.aws.clients import client
from tuner.aws.translate import code_of, translated


class Quotas:
    """Calls: servicequotas:GetServiceQuota."""

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
