"""Prices and quotas. Prices are those of the project in AWS's format, and their description says so."""

import pytest

from tests.unit.local.bedrock.conftest import change_settings, connect
from tuner import catalog
from tuner.aws.price_list import PriceListApi
from tuner.aws.quotas import Quotas, per_minute
from tuner.costs.prices.current_prices import NoCache, current_prices
from tuner.costs.prices.price_list import price
from tuner.costs.prices.usage_types import needed_prices


@pytest.fixture
def prices(bedrock):
    return PriceListApi(connect(bedrock.handlers()["pricing"], "pricing"))


@pytest.mark.parametrize("model", ["amazon.nova-micro-v1:0:128k", "amazon.nova-2-lite-v1:0:256k"])
def test_the_packaged_prices_are_returned(prices, model):
    base, judge = catalog.model(model), catalog.judge_or_assumed("amazon.nova-pro-v1:0")
    found, problems = current_prices(prices, NoCache(), needed_prices([base], [judge], "us-east-1"))
    assert not problems
    assert {each.item for each in found} >= {"training", "storage", "custom_input", "custom_output", "input", "output"}
    for each in found:
        packaged = price(each.item, each.model, each.term)
        assert packaged is not None
        assert each.usd == pytest.approx(packaged.usd)
        assert each.source.startswith("local stand-in for AWS's price list")


def test_an_unknown_usage_type_has_no_document(prices):
    assert prices.products("AmazonBedrock", "USE1-Nobody-Customization-Training")[0] == []
    assert prices.products("AmazonEC2", "USE1-NovaMicro-Customization-Training")[0] == []


def test_a_judges_requests_per_minute_are_a_quota_of_the_account(bedrock):
    api = connect(bedrock.handlers()["servicequotas"], "service-quotas")
    judge = catalog.default_judge("us-east-1")
    assert judge
    assert per_minute(Quotas(api).all("bedrock"), judge.quota, judge.routing) == {}
    change_settings(bedrock, judge_requests_per_minute=25)
    assert per_minute(Quotas(api).all("bedrock"), judge.quota, judge.routing) == {"requests": 25.0}
