"""AWS's price list, asked by usage type."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from tuner.aws.clients import client
from tuner.aws.error_mapping import translated
from tuner.aws.s3.conditional_put import SharedDocument
from tuner.core.artifact_keys import Keys

# The API has endpoints in few Regions (botocore: us-east-1, eu-central-1, ap-south-1); each has all Regions' prices.
_REGION = "us-east-1"
_STAND_IN = "x-local-stand-in"


class PriceListApi:
    """Calls: pricing:GetProducts."""

    def __init__(self, api: Any = None) -> None:
        self._api = api or client("pricing", _REGION, attempts=2)

    def products(self, service: str, usage_type: str) -> tuple[list[str], str]:
        """The documents of a usage type, and the name of what answers in AWS's place; empty on AWS."""
        with translated(f"ask AWS's price list for {usage_type}"):
            found: Mapping[str, Any] = self._api.get_products(
                ServiceCode=service,
                Filters=[{"Type": "TERM_MATCH", "Field": "usagetype", "Value": usage_type}],
                FormatVersion="aws_v1",
                MaxResults=10,
            )
        headers = found.get("ResponseMetadata", {}).get("HTTPHeaders", {})
        return list(found.get("PriceList", ())), str(headers.get(_STAND_IN, ""))


class PriceCache(SharedDocument):
    """What AWS's price list answered, by usage type: one small object beside the runs' folders."""

    key = Keys.PRICES
