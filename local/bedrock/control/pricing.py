"""The Price List API for Amazon Bedrock: GetProducts, answered from the prices that the project contains.

This is a stand-in that never calls AWS. The documents have AWS's format, and a header of every response names the
stand-in.
"""

from __future__ import annotations

import json
from typing import Any

from local.bedrock.protocol.operation import Operation, Params, Result
from local.bedrock.protocol.serializing import HEADERS, stand_in_headers
from tuner import catalog
from tuner.costs.prices.price_list import Price, price
from tuner.costs.prices.price_list_offers import SERVICE
from tuner.costs.prices.usage_types import REGIONS, NeededPrice, needed_prices

NAME = "local stand-in for AWS's price list (the packaged prices)"
# The unit of a price in AWS's list, and how many of the project's units it is.
_UNITS = {"storage": ("Model/month", 1.0), "throughput": ("hour", 1.0)}
_TOKENS = ("1K tokens", 1000.0)


def operations() -> dict[str, Operation]:
    """The handlers of this module by API name. They need no state."""
    return {"GetProducts": get_products}


def get_products(params: Params) -> Result:
    """GetProducts, for filters on the usage type."""
    filters = params.get("Filters", ())
    asked = [each["Value"] for each in filters if (each["Type"], each["Field"]) == ("TERM_MATCH", "usagetype")]
    known = _by_usage_type() if params["ServiceCode"] == SERVICE else {}
    found = [(name, price(each.item, each.model, each.term)) for name, each in known.items() if name in asked]
    # PriceList is a list of JSON documents as strings, as in AWS's API.
    documents = [json.dumps(_document(name, each)) for name, each in found if each]
    return {"FormatVersion": "aws_v1", "PriceList": documents, HEADERS: stand_in_headers(NAME)}


def _by_usage_type() -> dict[str, NeededPrice]:
    judges = catalog.judges()[:1]
    return {
        each.usage_type: each
        for region in REGIONS
        for model in catalog.models()
        for each in needed_prices([model], judges, region, batch=True)
    }


def _document(usage_type: str, found: Price) -> dict[str, Any]:
    """A document as AWS's price list has it: a product with one on-demand price and no tiers."""
    unit, factor = _UNITS.get(found.item, _TOKENS)
    # AWS's SKUs are opaque. Any code that is stable for a usage type will do.
    code = f"LOCAL{sum(map(ord, usage_type)):011d}"
    dimension = {
        "unit": unit,
        "beginRange": "0",
        "endRange": "Inf",
        "description": f"{NAME}: {found.source}",
        "rateCode": f"{code}.JRTCKXETXF.6YS6EN2CT7",
        "appliesTo": [],
        "pricePerUnit": {"USD": f"{found.usd * factor:.10f}"},
    }
    term = {
        "sku": code,
        "offerTermCode": "JRTCKXETXF",
        "effectiveDate": f"{found.read or '2026-01-01'}T00:00:00Z",
        "termAttributes": {},
        "priceDimensions": {dimension["rateCode"]: dimension},
    }
    attributes = {"servicecode": SERVICE, "usagetype": usage_type, "feature": "Model Customization"}
    return {
        "product": {"productFamily": "Amazon Bedrock", "sku": code, "attributes": attributes},
        "serviceCode": SERVICE,
        "terms": {"OnDemand": {f"{code}.JRTCKXETXF": term}},
        "version": "local",
        "publicationDate": f"{found.read or '2026-01-01'}T00:00:00Z",
    }
