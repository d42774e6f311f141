"""Costs of contestants with AWS's public prices: every number was computed by hand, as the comments show.

A million tokens, read and written: Nova Micro $0.035 and $0.14, also tuned and on demand; Claude 3 Haiku $0.25 and
$1.25. A model unit of tuned Claude 3 Haiku: $132 an hour, or $66 with a term of six months. Storage: $1.95 a month.
"""

from dataclasses import dataclass

import pytest

from tuner.artifacts.costs.estimate import Rate
from tuner.artifacts.evaluation.contestants import Contestant, Kind
from tuner.artifacts.report.contestants import ContestantUse, VolumeRange
from tuner.artifacts.report.evaluation import Answer, Question
from tuner.costs.estimate import _RATES
from tuner.costs.monthly.contestant_uses import ContestantCosts
from tuner.costs.monthly.lines import Service, Way
from tuner.costs.monthly.volumes import cheapest
from tuner.costs.prices.price_list import price

MICRO, HAIKU = "amazon.nova-micro-v1:0", "anthropic.claude-3-haiku-20240307-v1:0"
# Tokens of a prompt; every answer has 50.
READ: dict[Kind, int] = {"base": 30, "few_shot": 430, "retrieval": 1030, "tuned": 30}


@dataclass(frozen=True)
class Run:
    """A run whose four contestants were asked one question, with the prices of the packaged list."""

    model: str
    way: Way

    @property
    def costs(self) -> ContestantCosts:
        found = [(item, term, price(item, self.model, term)) for item, term in _RATES]
        rates = [Rate(item=item, term=term, usd=each.usd if each else None) for item, term, each in found]
        return ContestantCosts(Service(rates, 730, 1), self.way)

    def use(self, kind: Kind) -> ContestantUse:
        answer = Answer(answer="Yes.", input_tokens=READ[kind], output_tokens=50)
        members = {kind: answer} if kind in ("base", "tuned") else {"others": {kind: answer}}
        question = Question.model_validate({"id": "q", "question": "?"} | members)
        return self.costs.use(Contestant(name=kind, kind=kind), [question])

    def cheapest_of(self, *kinds: Kind, on_demand: bool) -> tuple[VolumeRange, ...]:
        each = (self.costs.lines(Contestant(name=kind, kind=kind), self.use(kind), on_demand) for kind in kinds)
        return cheapest(line for lines in each for line in lines)


@pytest.mark.parametrize(
    ("kind", "answers", "idle"),
    [
        ("base", 0.00805, 0),  # 30,000 tokens: $0.00105; 50,000: $0.007
        ("few_shot", 0.02205, 0),  # 430,000: $0.01505; $0.007
        ("retrieval", 0.04305, 0),  # 1,030,000: $0.03605; $0.007
        ("tuned", 0.00805, 1.95),
    ],
)
def test_nova_micro_on_demand(kind: Kind, answers: float, idle: float) -> None:
    found = Run(MICRO, "on_demand").use(kind)
    assert found.usd_per_1000_answers == pytest.approx(answers, rel=1e-9)
    assert found.idle_usd_per_month == pytest.approx(idle, rel=1e-9)


def test_from_which_number_of_answers_tuned_nova_micro_costs_least() -> None:
    run = Run(MICRO, "on_demand")
    # An answer with passages costs $0.000035 more: 1.95 / 0.000035 = 55,714.
    passages, tuned = run.cheapest_of("retrieval", "tuned", on_demand=True)
    assert (passages.contestant, round(passages.until_answers or 0), tuned.served) == ("retrieval", 55_714, "on demand")
    # With examples $0.000014 more: 1.95 / 0.000014 = 139,286.
    examples, tuned = run.cheapest_of("few_shot", "retrieval", "tuned", on_demand=True)
    assert (examples.contestant, round(examples.until_answers or 0)) == ("few_shot", 139_286)
    assert (tuned.contestant, tuned.until_answers) == ("tuned", None)


def test_claude_3_haiku_on_provisioned_throughput() -> None:
    hourly, six_months = Run(HAIKU, "hourly"), Run(HAIKU, "SixMonths")
    # 1,030,000 tokens: $0.2575; 50,000: $0.0625.
    assert hourly.use("retrieval").usd_per_1000_answers == pytest.approx(0.32, rel=1e-9)
    # 730 hours at $132, and the storage; half of it with the term.
    assert hourly.use("tuned").idle_usd_per_month == pytest.approx(96_361.95, rel=1e-9)
    assert six_months.use("tuned").idle_usd_per_month == pytest.approx(48_181.95, rel=1e-9)
    assert hourly.use("tuned").usd_per_1000_answers == 0


def test_retrieval_with_claude_3_haiku_is_the_better_bargain_below_150_million_answers_a_month() -> None:
    # 48,181.95 / 0.00032 = 150,568,594. The price of a term of one month is not known, so it is not considered.
    passages, tuned = Run(HAIKU, "hourly").cheapest_of("retrieval", "tuned", on_demand=False)
    assert (passages.contestant, round(passages.until_answers or 0)) == ("retrieval", 150_568_594)
    assert (tuned.contestant, tuned.served) == ("tuned", "throughput for a term of six months")
