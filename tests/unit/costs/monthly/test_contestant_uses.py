"""What each contestant used and costs: recomputed by hand from a price list with round numbers."""

from collections.abc import Sequence

import pytest

from tuner.artifacts.costs.estimate import Rate
from tuner.artifacts.dataset import EvaluationQuestion
from tuner.artifacts.evaluation.contestants import Contestant, Kind
from tuner.artifacts.report.contestants import ContestantUse
from tuner.artifacts.report.evaluation import Answer, Question, ScoredAnswer
from tuner.costs.monthly.contestant_uses import ContestantCosts
from tuner.costs.monthly.lines import Service, Way, way_of
from tuner.evaluation.grading.graded_items import match

# $1 and $2 for a million tokens of the base model, $3 and $4 of a tuned one; $2 a month of storage.
PRICES: dict[tuple[str, str | None], float | None] = {
    ("input", None): 1e-6,
    ("output", None): 2e-6,
    ("custom_input", None): 3e-6,
    ("custom_output", None): 4e-6,
    ("storage", None): 2.0,
    ("throughput", "hourly"): 10.0,
    ("throughput", "OneMonth"): 8.0,
    ("throughput", "SixMonths"): None,
}
KINDS: tuple[Kind, ...] = ("base", "tuned", "few_shot", "retrieval", "retrieval_tuned")


def answer(read: int | None = 100, written: int | None = 50, ms: int | None = 400) -> Answer:
    return Answer(answer="Yes.", input_tokens=read, output_tokens=written, latency_ms=ms)


def asked(name: str, answers: Sequence[Answer | None]) -> list[Question]:
    if name in ("base", "tuned"):
        return [
            Question.model_validate({"id": f"q{at}", "question": "?", name: each}) for at, each in enumerate(answers)
        ]
    others = [{name: each} if each else {} for each in answers]
    return [Question(id=f"q{at}", question="?", others=each) for at, each in enumerate(others)]


def use(
    kind: Kind,
    answers: Sequence[Answer | None] = (answer(),),
    way: Way = "on_demand",
    missing: Sequence[tuple[str, str | None]] = (),
    hours: float = 100,
) -> ContestantUse:
    known = {key: None if key in missing else usd for key, usd in PRICES.items()}
    rates = [Rate(item=item, term=term, usd=usd) for (item, term), usd in known.items()]
    costs = ContestantCosts(Service(rates, hours, units=2), way, retrieval_usd=30)
    return costs.use(Contestant(name=kind, kind=kind), asked(kind, answers))


@pytest.mark.parametrize(
    ("kind", "way", "usd", "idle"),
    [
        # 1,000 answers of 100 and 50 tokens: 100,000 tokens to read and 50,000 to write.
        ("base", "on_demand", 0.1 + 0.1, 0),
        ("few_shot", "on_demand", 0.2, 0),
        ("retrieval", "on_demand", 0.2, 30),
        ("tuned", "on_demand", 0.3 + 0.2, 2),
        ("retrieval_tuned", "on_demand", 0.5, 32),
        # Two units for 100 hours at $10; a term is paid for all 730 hours of the month, at $8.
        ("tuned", "hourly", 0, 2 + 2 * 100 * 10),
        ("retrieval_tuned", "hourly", 0, 32 + 2000),
        ("tuned", "OneMonth", 0, 2 + 2 * 730 * 8),
        ("base", "hourly", 0.2, 0),
    ],
)
def test_the_costs_recomputed_by_hand(kind: Kind, way: Way, usd: float, idle: float) -> None:
    found = use(kind, way=way)
    assert found.usd_per_1000_answers == pytest.approx(usd)
    assert found.idle_usd_per_month == pytest.approx(idle)
    assert found.unknown == ()


def test_tokens_and_latencies_are_those_of_the_answers() -> None:
    found = use("few_shot", [answer(100 * at, 10 * at, 1000 * at) for at in range(1, 21)])
    assert (found.input_tokens, found.output_tokens) == (1050, 105)
    assert (found.latency_ms_median, found.latency_ms_p95) == (10_500, 19_000), "19 of 20 took at most 19 s"
    assert found.usd_per_1000_answers == pytest.approx(1.05 + 0.21)


def test_a_question_without_an_answer_is_failed_and_one_that_was_not_asked_is_not() -> None:
    failed = Answer(error="ModelTimeoutException: too long")
    filtered = Answer(error="EmptyAnswer: no text", input_tokens=300, output_tokens=0, latency_ms=9000)
    found = use("few_shot", [answer(), answer(), failed, filtered, None])
    assert (found.answers, found.failed) == (2, 2)
    assert found.input_tokens == pytest.approx(500 / 3), "tokens of a request without an answer are paid too"
    assert found.latency_ms_p95 == 400, "the latency is that of answers"
    empty = Answer(answer=" ", input_tokens=100, output_tokens=1, latency_ms=9)
    assert use("few_shot", [answer(), empty]).failed == 1


@pytest.mark.parametrize("text", ["", " \n", "\u200b\u200b", "\u2800"])
def test_an_answer_that_shows_nothing_is_failed_as_in_the_scores(text: str) -> None:
    found = use("base", [answer(), answer().model_copy(update={"answer": text})])
    assert (found.answers, found.failed) == (1, 1)
    references = [EvaluationQuestion(id="q0", question="?", reference="Yes.")]
    [item] = match(references, {"base": [("q0", text)], "tuned": [("q0", "Yes.")]}).items
    assert item.answers == {"base": None, "tuned": "Yes."}


def test_every_answer_to_a_question_counts() -> None:
    several = answer(100, 50, 400).model_copy(
        update={
            "further": (
                ScoredAnswer(answer="No.", input_tokens=200, output_tokens=150, latency_ms=600),
                ScoredAnswer(),
            )
        }
    )
    found = use("few_shot", [several])
    assert (found.answers, found.failed, found.input_tokens, found.output_tokens) == (2, 1, 150, 100)
    assert found.latency_ms_median == 500


@pytest.mark.parametrize("kind", KINDS)
def test_without_tokens_the_cost_of_an_answer_is_not_known(kind: Kind) -> None:
    found = use(kind, [answer(None, None, None), answer(0, 0, None)])
    assert (found.input_tokens, found.output_tokens, found.latency_ms_median, found.latency_ms_p95) == (None,) * 4
    assert found.usd_per_1000_answers is None
    assert found.unknown == ("tokens",)
    assert found.idle_usd_per_month is not None, "storage and retrieval do not depend on tokens"


@pytest.mark.parametrize(
    ("kind", "way", "missing", "unknown"),
    [
        ("base", "on_demand", ("input", None), "input"),
        ("retrieval", "on_demand", ("output", None), "output"),
        ("tuned", "on_demand", ("custom_output", None), "custom_output"),
    ],
)
def test_an_unknown_token_price_is_null_and_named(
    kind: Kind, way: Way, missing: tuple[str, str | None], unknown: str
) -> None:
    found = use(kind, way=way, missing=[missing])
    assert (found.usd_per_1000_answers, found.unknown) == (None, (unknown,))


def test_an_unknown_price_by_the_month_is_null_and_named() -> None:
    stored = use("tuned", missing=[("storage", None)])
    assert (stored.idle_usd_per_month, stored.unknown) == (None, ("storage",))
    assert stored.usd_per_1000_answers == pytest.approx(0.5)
    term = use("tuned", way="SixMonths")
    assert (term.idle_usd_per_month, term.usd_per_1000_answers, term.unknown) == (None, 0, ("throughput SixMonths",))


def test_another_model_has_prices_of_its_own() -> None:
    larger = Contestant(name="larger", kind="model", model="amazon.nova-pro-v1:0", model_name="Nova Pro")
    rates = [Rate(item="input", usd=1e-5), Rate(item="output", usd=2e-5)]
    prices = {"larger": Service(rates, 0, 0)}
    known = ContestantCosts(Service([], 730, 1), "on_demand", others=prices).use(larger, asked("larger", [answer()]))
    assert known.usd_per_1000_answers == pytest.approx(1 + 1)
    assert (known.idle_usd_per_month, known.model) == (0, "Nova Pro")
    found = ContestantCosts(Service([], 730, 1), "on_demand").use(larger, asked("larger", [answer()]))
    assert (found.usd_per_1000_answers, found.unknown) == (None, ("input", "output"))


def test_the_prices_of_an_earlier_runs_model_are_not_known() -> None:
    best = Contestant(name="best", kind="best")
    found = ContestantCosts(Service([], 730, 1), "on_demand").use(best, asked("best", [answer()]))
    assert (found.usd_per_1000_answers, found.idle_usd_per_month) == (None, None)
    assert found.unknown == ("the earlier run's model",)


def test_a_run_that_asks_for_a_term_is_served_so() -> None:
    assert [way_of("on_demand", None), way_of("provisioned", None), way_of("provisioned", "OneMonth")] == [
        "on_demand",
        "hourly",
        "OneMonth",
    ]
