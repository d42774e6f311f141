"""Reads AWS's price list, by usage type."""

from __future__ import annotations

from typing import Any

from tuner.artifacts.costs.cached_prices import CachedPrices, cached_prices_json, read_cached_prices
from tuner.aws.clients import Response, client
from tuner.aws.error_mapping import mapped_errors
from tuner.aws.s3.conditional_put import SharedObject
from tuner.core.artifact_keys import Keys

# The API has endpoints in a few Regions only (botocore: us-east-1, eu-central-1, ap-south-1). Each of them has the
# prices of all Regions.
_REGION = "us-east-1"
# The local cloud names itself in this header; AWS never sends it.
_STAND_IN = "x-local-stand-in"


class PriceListApi:
    """Calls: pricing:GetProducts."""

    def __init__(self, api: Any = None) -> None:
        self._api = api or client("pricing", _REGION, attempts=2)

    def products(self, service: str, usage_type: str) -> tuple[list[str], str]:
        """The documents of a usage type, and the name of the local stand-in that answered; empty on AWS."""
        with mapped_errors(f"ask AWS's price list for {usage_type}"):
            found: Response = self._api.get_products(
                ServiceCode=service,
                Filters=[{"Type": "TERM_MATCH", "Field": "usagetype", "Value": usage_type}],
                FormatVersion="aws_v1",
                MaxResults=10,
            )
        headers = found.get("ResponseMetadata", {}).get("HTTPHeaders", {})
        return list(found.get("PriceList", ())), str(headers.get(_STAND_IN, ""))


class PriceCache:
    """`runs/prices.json`."""

    def __init__(self, bucket: str) -> None:
        self._object = SharedObject(bucket, Keys.PRICES)

    def read(self) -> tuple[CachedPrices, str | None]:
        """The prices and the version of the document; None when there is none yet."""
        data, version = self._object.read()
        return read_cached_prices(data), version

    def write(self, prices: CachedPrices, version: str | None) -> bool:
        """Replaces the document of this version. False when another run wrote it meanwhile."""
        return self._object.write(cached_prices_json(prices), version)
