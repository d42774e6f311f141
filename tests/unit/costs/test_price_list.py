"""Prices from AWS's price list: parsed strictly, cached for a day, and optional for a run."""

import datetime as dt
import json
from collections.abc import Mapping
from typing import Any

import boto3
import pytest
from botocore.stub import Stubber

from tests.doubles import NoPrices
from tuner import catalog
from tuner.artifacts.costs.cached_prices import CachedPrices, cached_prices_json, read_cached_prices
from tuner.aws.price_list import PriceListApi
from tuner.core.errors import AccessDeniedError, RetryableError
from tuner.core.times import now
from tuner.costs.prices import current_prices as module
from tuner.costs.prices.current_prices import current_prices
from tuner.costs.prices.price_list import price_list
from tuner.costs.prices.price_list_offers import SERVICE, OfferError, offer
from tuner.costs.prices.usage_types import NeededPrice, needed_prices
from tuner.settings.deployment.prices import GivenPrice

NOVA, LLAMA = catalog.model("amazon.nova-2-lite-v1:0:256k"), catalog.model("meta.llama3-3-70b-instruct-v1:0:128k")
JUDGE = catalog.judge_or_assumed("amazon.nova-pro-v1:0")
TRAINING = NeededPrice("training", NOVA.invoke_id, None, "USE1-Nova2.0Lite-Customization-Training")
STORAGE = NeededPrice("storage", NOVA.invoke_id, None, "USE1-Nova2.0Lite-Customization-Storage")
UNITS = NeededPrice(
    "throughput", NOVA.invoke_id, "hourly", "USE1-Nova2.0Lite-ProvisionedThroughput-NoCommit-ModelUnits"
)


def document(wanted: NeededPrice = TRAINING, unit: str = "1K tokens", usd: str = "0.0037800000", **changed: Any) -> str:
    """A product as the Price List API gives it: a JSON text, with AWS's member names, codes and attributes."""
    dimension = {
        "unit": unit,
        "beginRange": "0",
        "endRange": "Inf",
        "description": "$0.00378 per 1K tokens for Nova 2.0 Lite Customization Training in US East (N. Virginia)",
        "appliesTo": [],
        "rateCode": "ABCDEFGH.JRTCKXETXF.6YS6EN2CT7",
        "pricePerUnit": {"USD": usd},
        **changed.pop("dimension", {}),
    }
    term = {
        "priceDimensions": {dimension["rateCode"]: dimension},
        "sku": "ABCDEFGH",
        "effectiveDate": "2026-08-01T00:00:00Z",
        "offerTermCode": "JRTCKXETXF",
        "termAttributes": {},
    }
    attributes = {
        "regionCode": "us-east-1",
        "servicecode": SERVICE,
        "feature": "Model Customization",
        "usagetype": wanted.usage_type,
        "location": "US East (N. Virginia)",
        "servicename": "Amazon Bedrock",
        "model": "Nova 2.0 Lite",
    }
    whole = {
        "product": {"productFamily": "Amazon Bedrock", "attributes": attributes, "sku": "ABCDEFGH"},
        "serviceCode": SERVICE,
        "terms": {"OnDemand": {"ABCDEFGH.JRTCKXETXF": term}},
        "version": "20260801000000",
        "publicationDate": "2026-08-01T00:00:00Z",
    }
    return json.dumps({**whole, **changed})


class Listed:
    """AWS's price list with these documents by usage type; `fails` after so many questions."""

    def __init__(self, documents: Mapping[str, list[str]], fails: int = 99, error: Exception | None = None) -> None:
        self.documents, self.fails = documents, fails
        self.error = error or RetryableError("no answer from AWS")
        self.asked: list[str] = []

    def products(self, service: str, usage_type: str) -> tuple[list[str], str]:
        assert service == SERVICE
        self.asked.append(usage_type)
        if len(self.asked) > self.fails:
            raise self.error
        return self.documents.get(usage_type, []), ""


class MemoryCache:
    """The object in the artifacts bucket; `overtaken` by another run when it is written."""

    def __init__(self, document: dict[str, Any] | None = None, overtaken: bool = False) -> None:
        self.document, self.overtaken, self.writes = document or {}, overtaken, 0

    def read(self) -> tuple[CachedPrices, str | None]:
        return read_cached_prices(json.dumps(self.document).encode()), "1" if self.document else None

    def write(self, prices: CachedPrices, version: str | None) -> bool:
        self.writes += 1
        if not self.overtaken:
            self.document = json.loads(cached_prices_json(prices))
        return not self.overtaken


ALL = (TRAINING, STORAGE, UNITS)
OFFERS = {
    TRAINING.usage_type: [document()],
    STORAGE.usage_type: [document(STORAGE, "Model/month", "1.9500000000")],
    UNITS.usage_type: [document(UNITS, "hour", "60.5000000000")],
}


@pytest.mark.parametrize(
    ("wanted", "text", "usd"),
    [
        (TRAINING, document(), 3.78e-6),
        (TRAINING, document(unit="1M tokens", usd="3.78"), 3.78e-6),
        (STORAGE, document(STORAGE, "Model / month", "1.95"), 1.95),
        (UNITS, document(UNITS, "hour", "60.50"), 60.5),
    ],
)
def test_a_price_is_converted_from_the_unit_of_aws(wanted: NeededPrice, text: str, usd: float) -> None:
    found = offer(text, wanted)
    assert found.usd == pytest.approx(usd)
    assert found.effective == dt.date(2026, 8, 1)


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("no JSON", "not JSON"),
        ("[]", "documented form"),
        ("[" * 100_000, "documented form"),
        (document(terms={}), "OnDemand"),
        (document(terms={"OnDemand": {}}), "OnDemand"),
        (document(STORAGE), "is for AmazonBedrock, USE1-Nova2.0Lite-Customization-Storage"),
        (document(serviceCode="AmazonEC2"), "is for AmazonEC2"),
        (document(unit="tokens"), "has the unit 'tokens'"),
        (document(unit="hour"), "has the unit 'hour'"),
        (document(usd="0.0000000000"), "not plausible"),
        (document(usd="-1"), "not plausible"),
        (document(usd="NaN"), "not plausible"),
        (document(usd="37.8"), "not plausible"),
        (document(usd="free"), "not plausible"),
        (document(dimension={"pricePerUnit": {"CNY": "0.02"}}), "not in US dollars"),
        (document(dimension={"beginRange": "1000"}), "prices by quantity"),
    ],
)
def test_a_document_without_exactly_one_plausible_price_is_refused(text: str, why: str) -> None:
    with pytest.raises(OfferError, match=why):
        offer(text, TRAINING)


def test_prices_have_a_source_and_dates() -> None:
    prices, problems = current_prices(Listed(OFFERS), MemoryCache(), ALL)
    assert not problems
    training = price_list((), prices).find("training", NOVA.invoke_id)
    assert training
    today = now().date().isoformat()
    source = f"AWS Price List API, {TRAINING.usage_type}, in force since 2026-08-01; read {today}"
    assert (training.usd, training.citation()) == (pytest.approx(3.78e-6), source)
    hourly = price_list((), prices).find("throughput", NOVA.invoke_id, "hourly")
    assert hourly
    assert hourly.usd == 60.5


def test_deployment_prices_precede_aws_prices_which_precede_packaged_prices() -> None:
    prices, _ = current_prices(Listed({TRAINING.usage_type: [document(usd="0.005")]}), MemoryCache(), ALL)
    own = GivenPrice(item="training", model=NOVA.invoke_id, usd=1e-6, source="our contract")
    for known, usd in ((price_list((own,), prices), 1e-6), (price_list((), prices), 5e-6), (price_list(), 3.78e-6)):
        found = known.find("training", NOVA.invoke_id)
        assert found
        assert found.usd == pytest.approx(usd)


def test_prices_are_cached_for_a_day(monkeypatch: pytest.MonkeyPatch) -> None:
    cache, api = MemoryCache(), Listed(OFFERS)
    first, _ = current_prices(api, cache, ALL)
    again, _ = current_prices(api, cache, ALL)
    assert (first, len(api.asked), cache.writes) == (again, 3, 1)
    later = now() + dt.timedelta(days=1, minutes=1)
    monkeypatch.setattr(module, "now", lambda: later)
    current_prices(api, cache, ALL)
    assert len(api.asked) == 6


def test_missing_prices_are_cached_too() -> None:
    cache, api = MemoryCache(), Listed({})
    assert current_prices(api, cache, ALL) == ((), ())
    assert current_prices(api, cache, ALL) == ((), ())
    assert len(api.asked) == 3


def test_a_concurrent_write_of_the_cache_does_not_lose_prices() -> None:
    assert len(current_prices(Listed(OFFERS), MemoryCache(overtaken=True), ALL)[0]) == 3


@pytest.mark.parametrize("broken", [{TRAINING.usage_type: "x"}, {TRAINING.usage_type: {"usd": 1}}])
def test_unreadable_cache_entries_are_requested_again(broken: dict) -> None:
    api = Listed(OFFERS)
    assert len(current_prices(api, MemoryCache(broken), ALL)[0]) == 3
    assert TRAINING.usage_type in api.asked


@pytest.mark.parametrize(
    "error", [RetryableError("no answer"), AccessDeniedError("not authorized: pricing:GetProducts")]
)
@pytest.mark.parametrize("fails", [0, 1])
def test_an_unavailable_price_list_gives_a_warning(error: Exception, fails: int) -> None:
    api = Listed(OFFERS, fails, error)
    _, (problem,) = current_prices(api, MemoryCache(), ALL)
    assert "did not respond, so the packaged prices are used" in problem
    assert str(error) in problem
    assert len(api.asked) == fails + 1, "asked no further"


class Unreachable(MemoryCache):
    """A cache that fails to read, or to write."""

    def __init__(self, fails: str) -> None:
        super().__init__()
        self.fails = fails

    def read(self) -> tuple[CachedPrices, str | None]:
        if self.fails == "read":
            raise AccessDeniedError("s3:GetObject is denied")
        return super().read()

    def write(self, prices: CachedPrices, version: str | None) -> bool:
        if self.fails == "write":
            raise AccessDeniedError("s3:PutObject is denied")
        return super().write(prices, version)


@pytest.mark.parametrize(("fails", "said"), [("read", "GetObject is denied"), ("write", "PutObject is denied")])
def test_a_failing_cache_gives_a_warning(fails: str, said: str) -> None:
    prices, (problem,) = current_prices(Listed(OFFERS), Unreachable(fails), ALL)
    assert len(prices) == 3
    assert said in problem


def test_an_unusable_price_gives_a_warning() -> None:
    offers = {**OFFERS, TRAINING.usage_type: [document(unit="tokens")], STORAGE.usage_type: [document(STORAGE)] * 2}
    prices, problems = current_prices(Listed(offers), MemoryCache(), ALL)
    assert [price.item for price in prices] == ["throughput"]
    assert len(problems) == 2
    assert "has the unit 'tokens'" in problems[0]


def test_usage_types_equal_those_of_public_bills() -> None:
    names = {each.usage_type for each in needed_prices([NOVA], [JUDGE], "us-east-1")}
    assert {
        "USE1-Nova2.0Lite-Customization-Training",
        "USE1-Nova2.0Lite-Customization-Storage",
        "USE1-Nova2.0Lite-input-tokens-custom-model",
        "USE1-Nova2.0Lite-output-tokens-custom-model",
        "USE1-Nova2.0Lite-input-tokens",
        "USE1-Nova2.0Lite-ProvisionedThroughput-NoCommit-ModelUnits",
        "USE1-Nova2.0Lite-ProvisionedThroughput-1month-ModelUnits",
        "USE1-NovaPro-input-tokens",
        "USE1-NovaPro-output-tokens",
    } <= names
    west = {
        each.usage_type
        for each in needed_prices([LLAMA], [catalog.judge_or_assumed("openai.gpt-oss-120b-1:0")], "us-west-2")
    }
    assert "USW2-Llama3-3-70B-Customization-Training" in west
    assert not any("oss" in name for name in west), "its usage types are not known"
    assert needed_prices([NOVA], [JUDGE], "eu-west-1") == ()


def test_the_request_is_valid_for_botocore_and_the_response_is_returned() -> None:
    api = boto3.client("pricing", region_name="us-east-1")
    asked = {
        "ServiceCode": SERVICE,
        "Filters": [{"Type": "TERM_MATCH", "Field": "usagetype", "Value": TRAINING.usage_type}],
        "FormatVersion": "aws_v1",
        "MaxResults": 10,
    }
    with Stubber(api) as stub:
        stub.add_response("get_products", {"FormatVersion": "aws_v1", "PriceList": [document()]}, asked)
        assert PriceListApi(api).products(SERVICE, TRAINING.usage_type) == ([document()], "")
        stub.add_client_error("get_products", "AccessDeniedException", "no", 400)
        with pytest.raises(AccessDeniedError, match=f"ask AWS's price list for {TRAINING.usage_type}"):
            PriceListApi(api).products(SERVICE, TRAINING.usage_type)


def test_the_test_double_has_no_prices() -> None:
    assert current_prices(NoPrices(), MemoryCache(), ALL) == ((), ())


def test_every_price_that_a_run_may_need_can_be_read() -> None:
    for needed in needed_prices(catalog.models(), catalog.judges(), "us-east-1", batch=True):
        unit = {"storage": "Model/month", "throughput": "hour"}.get(needed.item, "1M tokens")
        assert offer(document(needed, unit, "1.00"), needed).usd > 0
