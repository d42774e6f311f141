"""The recommendation: one test for each outcome of its rules, with costs that are recomputed by hand.

For a million tokens: $1 and $2 of the base model, $3 and $4 of a tuned one; $2 a month of storage; throughput $10 an
hour. An answer of 50 tokens costs, by the tokens that are read (30, 430 or 1,030):

    base       0.00003 + 0.0001 = $0.00013      few_shot   0.00043 + 0.0001 = $0.00053
    retrieval  0.00103 + 0.0001 = $0.00113      tuned      0.00009 + 0.0002 = $0.00029, and $2 a month
"""

from typing import Any

import pytest

from tests.unit.reporting.compared import MEANS, RATES, compared
from tests.unit.reporting.conftest import FolderOf
from tuner.artifacts.evaluation.contestants import BASE, TUNED
from tuner.artifacts.evaluation.gate import GateResult, RuleNumbers, RuleResult, SliceName
from tuner.artifacts.evaluation.measure_scores import Aggregate, Correction, MeasureScores, Slice, Slices
from tuner.artifacts.report import Report
from tuner.artifacts.report.contestants import Recommendation
from tuner.artifacts.serving import EndpointDetails
from tuner.catalog.guard_questions import MEASURE as GUARD_MEASURE
from tuner.reporting import Failure, build, notification_text, page
from tuner.reporting.advice.recommendation import recommendation
from tuner.settings.run.gate import GateRule, Margin

NO_COSTS = dict.fromkeys(RATES)
TUNED_WINS = {"base": 3.0, "tuned": 8.0}


@pytest.fixture
def advise(folder_of: FolderOf) -> Any:
    """The recommendation for a run with these means and settings; by default with five contestants."""

    def made(means: dict[str, float] | None = None, **given: Any) -> Recommendation:
        found = build(folder_of(compared(MEANS | (means or {}), **given))).recommendation
        assert found
        return found

    return made


@pytest.fixture
def two(folder_of: FolderOf) -> Any:
    """The same with base and tuned model only."""

    def made(means: dict[str, float], **given: Any) -> Recommendation:
        found = build(folder_of(compared(means, **given))).recommendation
        assert found
        return found

    return made


def may_ship(found: Recommendation) -> dict[str, str]:
    return {each.contestant: each.may_ship for each in found.standings}


def test_retrieval_is_as_good_and_cheaper(advise: Any) -> None:
    found = advise()
    # ±0.090 by one comparison; for four, 2.3313 / 2.0227 as much: Student's quantiles of 98.75 % and 97.5 %.
    # $2 a month more for the tuned model, and $0.00084 less for an answer: 2 / 0.00084 = 2,381.
    assert (found.outcome, found.contestant) == ("ship", "retrieval")
    assert found.sentence == (
        "Ship the base model with passages (Nova Micro): as good as the tuned model within ±0.104 Correctness (judge), "
        "and cheaper below 2,381 answers a month (by $2.00 in a month without questions)."
    )
    # Throughput: 730 hours at $10, so 7,300 / 0.00029 = 25,172,414.
    assert found.changes[:2] == (
        "From 2,381 to 25,172,414 answers a month, the tuned model (on demand) costs least.",
        "From 25,172,414 answers a month, the tuned model (throughput by the hour) costs least.",
    )
    assert any("8 questions of 40" in change for change in found.changes)
    assert any("break_even.retrieval_usd_per_month" in change for change in found.changes)
    assert may_ship(found) == {
        "base": "no", "tuned": "yes", "few_shot": "no", "retrieval": "yes", "retrieval_tuned": "yes"
    }  # fmt: skip


def test_the_tuned_model_wins_and_its_costs_are_said(two: Any) -> None:
    found = two(TUNED_WINS)
    assert (found.outcome, found.contestant) == ("ship", "tuned")
    assert found.sentence == (
        "Ship the tuned model: better than the base model by +5.00 Correctness (judge); it costs $2.00 a month and "
        "$0.29 for 1,000 answers (on demand)."
    )
    assert [each.served for each in found.cheapest] == ["on demand", "throughput by the hour"]


def test_the_base_model_is_enough(two: Any) -> None:
    found = two({"base": 8.0, "tuned": 8.0})
    # On demand, the tuned model costs more at any number of answers. On throughput: 7,302 / 0.00013 = 56,169,231.
    assert found.sentence == (
        "Ship the base model (Nova Micro): as good as the tuned model within ±0.090 Correctness (judge), and cheaper "
        "below 56,169,231 answers a month (by $2.00 in a month without questions)."
    )
    on_demand = two({"base": 8.0, "tuned": 8.0}, rates={**RATES, ("throughput", "hourly"): None})
    assert on_demand.sentence.endswith(", and at least $2.00 a month cheaper.")


def test_the_base_model_is_better(two: Any) -> None:
    found = two({"base": 8.0, "tuned": 7.0})
    assert (found.contestant, may_ship(found)["tuned"]) == ("base", "no")
    assert "better than the tuned model by +1.00 Correctness (judge)" in found.sentence


def test_another_contestant_is_better_than_the_tuned_model(advise: Any) -> None:
    found = advise({"retrieval": 9.0, "few_shot": 8.0})
    assert found.contestant == "retrieval"
    assert "better than the tuned model by +2.00 Correctness (judge)" in found.sentence
    assert may_ship(found)["few_shot"] == "no", "shown to be worse by both intervals together"


def test_others_are_compared_with_the_best_one_directly(folder_of: FolderOf) -> None:
    means = MEANS | {"retrieval": 9.0, "few_shot": 8.9}
    report = build(folder_of(compared(means, noise=0.6)))
    found = report.recommendation
    assert found
    # Scores of 9 ± 0.6 and 8.9 ± 0.6 of 40 questions: the standard error of the difference is 0.6 √2 / √40 = 0.134, so
    # a loss of 0.1 + 2.48 × 0.134 = 0.43 is possible, less than the margin of 0.45. There are six pairs: 5 % / 6.
    assert (found.contestant, may_ship(found)["few_shot"]) == ("few_shot", "yes")
    assert found.sentence.startswith(
        "Ship the base model with examples (Nova Micro): as good as the base model with passages within ±0.434"
    )
    assert found.sentence.endswith(", and $0.60 cheaper for 1,000 answers.")
    worse = next(each for each in found.standings if each.contestant == "base")
    # 6 less than the best one, ± 2 × 0.134.
    assert worse.reason == "worse than the base model with passages (−6.27 to −5.73)"
    # By their comparisons with the tuned model alone, twice as much is possible.
    earlier = report.scores["correctness"].model_copy(update={"pairs": ()})
    without = recommendation(report.model_copy(update={"scores": {"correctness": earlier}}))
    assert without
    assert (without.outcome, may_ship(without)["few_shot"]) == ("undecided", "undecided")


@pytest.mark.slow
def test_a_comparison_of_others_is_read_from_both_sides(folder_of: FolderOf) -> None:
    """The run compares each with those before it: few_shot with base, and retrieval with both."""
    for best, other in (("retrieval", "few_shot"), ("few_shot", "retrieval")):
        found = build(folder_of(compared(MEANS | {best: 9.0, other: 8.4}))).recommendation
        assert found
        by_name = {each.contestant: each for each in found.standings}
        assert (by_name[best].quality, by_name[other].quality, by_name[other].may_ship) == ("best", "worse", "no")


def test_no_contestant_meets_the_gate(advise: Any) -> None:
    found = advise(gate=GateRule(at_least=9))
    assert (found.outcome, found.contestant) == ("none", None)
    assert found.sentence == "Ship none of them yet: no contestant meets the gate."
    assert set(may_ship(found).values()) == {"no"}


def test_without_a_gate_no_contestant_is_good_enough_if_the_best_one_scores_low(advise: Any) -> None:
    found = advise({"tuned": 5.0, "retrieval": 5.0, "retrieval_tuned": 5.0})
    assert found.outcome == "none"
    assert "reaches only 5.00 Correctness (judge) on a scale from 1 to 10" in found.sentence


def test_a_contestant_that_reaches_the_level_is_not_refused_for_the_tuned_model(folder_of: FolderOf) -> None:
    """12 questions and large differences show no winner: the one with the higher mean may be good enough."""
    report = build(folder_of(compared({"base": 1.5, "tuned": 5.6, "retrieval": 6.6}, questions=12, noise=3)))
    found = report.recommendation
    assert found
    assert found.sentence == "Undecided: the run does not show whether the base model with passages is good enough."
    assert may_ship(found) == {"base": "no", "tuned": "no", "retrieval": "undecided"}
    tuned = next(each for each in found.standings if each.contestant == "tuned")
    assert tuned.reason.startswith("the tuned model reaches only 5.60 Correctness (judge) on a scale from 1 to 10")
    assert report.verdict.value == "better"
    assert report.next_steps[0].action.startswith("Do not use the tuned model yet: ask more questions")


def test_the_one_that_reaches_the_level_is_shipped_if_it_is_as_good(advise: Any) -> None:
    found = advise({"tuned": 5.95, "few_shot": 5.9, "retrieval": 6.0, "retrieval_tuned": 3.0})
    assert (found.contestant, may_ship(found)["tuned"], may_ship(found)["few_shot"]) == ("retrieval", "no", "no")
    assert "as good as the tuned model within" in found.sentence


def test_none_is_good_enough_by_the_highest_mean_of_all(two: Any) -> None:
    found = two({"base": 5.9, "tuned": 5.6}, questions=12, noise=3)
    assert found.sentence.startswith("Ship none of them yet: even the best one, the base model, reaches only 5.90")


def test_people_correct_the_level_of_base_and_tuned_model(folder_of: FolderOf) -> None:
    """The judge finds most answers of the tuned model wrong, and people find them right."""
    report = build(folder_of(compared({"base": 3.0, "tuned": 5.0})))
    measure = report.scores["correctness"]
    sides = {BASE: Aggregate(mean=4.0, n=40), TUNED: Aggregate(mean=8.0, n=40)}
    found = Correction(
        method="sample", label="Correctness (corrected)", labels=40, drawn=40, by_contestant=sides, difference=4.0,
        comparison=measure.comparison, conclusion=measure.conclusion, decides=True,
    )  # fmt: skip
    judged = recommendation(report)
    scores = report.scores | {"correctness": measure.model_copy(update={"corrected": found})}
    corrected = recommendation(report.model_copy(update={"scores": scores}))
    assert judged
    assert corrected
    assert "reaches only 5.00 Correctness (judge)" in judged.sentence
    assert (corrected.outcome, corrected.contestant) == ("ship", "tuned")
    assert "Correctness (corrected)" in corrected.sentence


def test_the_cheapest_that_meets_the_gate_is_enough_unless_it_is_worse(advise: Any) -> None:
    found = advise({"retrieval": 5.0, "retrieval_tuned": 5.0}, gate=GateRule(at_least=4.5))
    assert (found.contestant, may_ship(found)["few_shot"]) == ("tuned", "no")
    assert "The base model with examples meets the gate too and costs less at first, but it is worse." in found.changes
    open_ = advise(noise=1.5, gate=GateRule(at_least=4.5))
    assert open_.contestant == "retrieval", "the gate says what is good enough, and no loss is shown"
    assert "it meets the gate, and is not shown to be worse than the tuned model, and cheaper below 2,381" in (
        open_.sentence
    )


def test_who_is_better_and_does_not_meet_the_gate_is_not_the_best(two: Any) -> None:
    found = two({"base": 8.0, "tuned": 7.0}, gate=GateRule(at_most=7.5))
    assert (found.contestant, may_ship(found)["base"]) == ("tuned", "no")
    assert found.sentence.startswith(
        "Ship the tuned model: it meets the gate, and none that meets it is shown to be better; it costs"
    )


def test_another_contestant_can_meet_a_gate_that_the_tuned_model_does_not_meet(two: Any) -> None:
    found = two({"base": 7.0, "tuned": 7.2}, noise=1.5, gate=GateRule(at_most=7.1))
    assert found.contestant == "base"
    assert "it meets the gate, and the tuned model is not shown to" in found.sentence


def test_of_a_gate_that_compares_others_must_be_as_good_as_the_tuned_model(advise: Any) -> None:
    found = advise(gate=GateRule(better_than="base"))
    assert may_ship(found) == {
        "base": "no", "tuned": "yes", "few_shot": "no", "retrieval": "yes", "retrieval_tuned": "yes"
    }  # fmt: skip
    assert found.contestant == "retrieval"


def gated(report: Report, *rules: RuleResult) -> Report:
    """The report with a gate that rejected the tuned model by these rules."""
    return report.model_copy(update={"gate": GateResult(decision="rejected", sentence="Rejected.", rules=rules)})


def test_what_guard_questions_find_is_about_tuned_models(folder_of: FolderOf) -> None:
    lost = RuleResult(
        measure=GUARD_MEASURE, rule="not_worse_than", decision="rejected", sentence="lost", numbers=RuleNumbers()
    )
    found = recommendation(gated(build(folder_of(compared())), lost))
    assert found
    assert may_ship(found) == {
        "base": "no", "tuned": "no", "few_shot": "no", "retrieval": "yes", "retrieval_tuned": "no"
    }  # fmt: skip
    assert {each.contestant: each.meets_gate for each in found.standings}["base"] == "yes", "it is only worse"


def test_a_bound_in_a_slice_is_checked_with_the_means_of_the_slice(folder_of: FolderOf) -> None:
    made = build(folder_of(compared()))
    sides = {"base": Aggregate(mean=2), "retrieval": Aggregate(mean=9), "tuned": Aggregate(mean=3)}
    part = Slice(value="billing", questions=9, metrics={"correctness": MeasureScores(by_contestant=sides)})
    slices = (Slices(field="topic", values=1, slices=(part,)),)
    bound = RuleResult(
        measure="correctness",
        rule="at_least",
        decision="rejected",
        sentence="is 3, not at least 6 for topic 'billing'",
        numbers=RuleNumbers(bound=6, tuned=3),
        slice=SliceName(field="topic", value="billing"),
    )
    sliced = made.model_copy(update={"scoring": made.scoring.model_copy(update={"slices": slices})})
    found = recommendation(gated(sliced, bound))
    assert found
    meets = {each.contestant: each.meets_gate for each in found.standings}
    assert meets == {
        "base": "no", "tuned": "no", "few_shot": "undecided", "retrieval": "yes", "retrieval_tuned": "undecided"
    }  # fmt: skip


def test_where_a_lower_value_is_better_the_lowest_mean_is_the_best(folder_of: FolderOf) -> None:
    made = build(folder_of(compared(MEANS | {"retrieval": 9.0, "few_shot": 8.0})))
    measure = made.scores["correctness"].model_copy(update={"better": "lower"})
    found = recommendation(made.model_copy(update={"scores": {"correctness": measure}}))
    assert found
    assert next(each.contestant for each in found.standings if each.quality == "best") == "few_shot"


@pytest.mark.slow
def test_the_gate_names_the_margin(advise: Any) -> None:
    narrow = advise(gate=GateRule(not_worse_by=Margin(than="retrieval", margin=0.05)))
    assert narrow.margin == 0.05
    assert advise().margin == pytest.approx(0.45), "5 % of 1 to 10"
    assert (may_ship(narrow)["tuned"], may_ship(narrow)["retrieval"]) == ("undecided", "yes"), (
        "it is no worse than itself"
    )


def meets(found: Recommendation) -> dict[str, str | None]:
    return {each.contestant: each.meets_gate for each in found.standings}


def test_rules_that_compare_are_decided_for_others_by_their_own_comparison(folder_of: FolderOf) -> None:
    """Within 1 of a tuned model that is better by 0.5 is not better than the base model."""
    means = {"base": 5.0, "tuned": 5.5, "few_shot": 5.1, "retrieval": 6.5}
    rules = GateRule(better_than="base", not_worse_by=Margin(than="base", margin=1))
    made = build(folder_of(compared(means, gate=rules, noise=1.0)))
    found = made.recommendation
    assert found
    assert made.gate is not None
    assert made.gate.decision == "accepted"
    assert meets(found) == {"base": "no", "tuned": "yes", "few_shot": "undecided", "retrieval": "yes"}
    # In a report of an earlier version, others are beside the tuned model only.
    earlier = made.scores["correctness"].model_copy(update={"pairs": ()})
    without = recommendation(made.model_copy(update={"scores": {"correctness": earlier}}))
    assert without
    assert meets(without)["few_shot"] == "yes"


@pytest.mark.parametrize(("margin", "meets_gate"), [(0.2, "no"), (0.6, "undecided"), (2, "yes")])
def test_a_loss_with_the_margin_inside_its_interval_leaves_a_rule_undecided_for_others(
    folder_of: FolderOf, margin: float, meets_gate: str
) -> None:
    rule = GateRule(not_worse_by=Margin(than="base", margin=margin))
    means = {"base": 6.0, "tuned": 7.0, "few_shot": 5.4}
    found = build(folder_of(compared(means, gate=rule))).recommendation
    assert found
    assert meets(found)["few_shot"] == meets_gate


def test_rules_of_another_measure_and_of_slices_are_not_decided_by_the_means_of_all_questions(
    folder_of: FolderOf,
) -> None:
    made = build(folder_of(compared(MEANS | {"retrieval": 8.0})))
    accepted = RuleResult(
        measure="bertscore_f1",
        rule="better_than",
        decision="accepted",
        sentence="",
        numbers=RuleNumbers(compared_with="base"),
    )
    in_slice = accepted.model_copy(
        update={"measure": "correctness", "slice": SliceName(field="topic", value="billing")}
    )
    for rule in (accepted, in_slice):
        gate = GateResult(decision="accepted", sentence="Accepted.", rules=(rule,))
        found = recommendation(made.model_copy(update={"gate": gate}))
        assert found
        assert (meets(found)["tuned"], meets(found)["retrieval"]) == ("yes", "undecided")


def test_a_cheaper_contestant_that_may_be_good_enough_leaves_it_undecided(advise: Any) -> None:
    found = advise(noise=1.5)
    assert (found.outcome, found.contestant) == ("undecided", None)
    assert found.sentence == (
        "Undecided: the tuned model may be shipped, but the base model with passages costs less below 2,381 answers a "
        "month, and the run does not show whether it is good enough."
    )
    assert [change.partition(":")[0] for change in found.changes] == ["The base model with passages"]


def test_the_number_of_answers_below_which_each_costs_less_is_said(two: Any) -> None:
    """A base model for $0.00013 an answer is always cheaper than a tuned one for $0.00029; few_shot: 2 / 0.00024."""
    on_demand = {**RATES, ("throughput", "hourly"): None}
    means = {"base": 6.9, "tuned": 7.0, "few_shot": 6.9}
    several = two(means, noise=1.5, questions=12, rates=on_demand)
    assert several.sentence == (
        "Undecided: the tuned model may be shipped, but the base model costs less and the base model with examples "
        "costs less below 8,333 answers a month, and the run does not show whether they are good enough."
    )
    alike = two({**means, "base": 1.0}, noise=1.5, questions=12, rates=on_demand)
    assert "the base model with examples costs less below 8,333 answers a month" in alike.sentence


def test_a_dearer_contestant_does_not(advise: Any) -> None:
    found = advise({"retrieval": 5.0}, noise=1.5)
    assert may_ship(found)["retrieval_tuned"] == "undecided"
    assert (found.outcome, found.contestant) == ("ship", "tuned")


def test_an_undecided_verdict_is_an_undecided_recommendation(two: Any) -> None:
    found = two({"base": 6.8, "tuned": 7.0}, noise=2.0)
    assert found.outcome == "undecided"
    assert "but the base model costs less" in found.sentence


def test_an_undecided_gate_is_undecided(two: Any) -> None:
    found = two({"base": 7.0, "tuned": 7.0}, gate=GateRule(better_than="base"))
    assert found.sentence == "Undecided: the run does not show whether the tuned model meets the gate."
    assert not [change for change in found.changes if "question" in change], "no number of questions would decide"
    noisy = two({"base": 6.8, "tuned": 7.0}, gate=GateRule(better_than="base"), noise=2.0)
    [change] = [change for change in noisy.changes if "question" in change]
    assert change.startswith("The tuned model: correctness is neither shown")
    assert change.endswith("more questions would decide.")


def test_without_prices_it_is_undecided_which_of_two_costs_less(advise: Any) -> None:
    found = advise(rates=NO_COSTS)
    assert found.outcome == "undecided"
    assert found.sentence.startswith(
        "Undecided: the tuned model, the base model with passages and the tuned model with passages are good enough, "
        "but it is not known which costs least: there is no price for storage, custom_input, custom_output, "
    )


def test_without_prices_the_only_one_that_is_good_enough_is_shipped(two: Any) -> None:
    found = two(TUNED_WINS, rates=NO_COSTS)
    assert (found.outcome, found.contestant) == ("ship", "tuned")
    assert "; what it costs is not known: there is no price for storage, custom_input" in found.sentence


def test_on_throughput_alone_the_tuned_model_costs_hours(folder_of: FolderOf) -> None:
    """A way to serve without a price is no reason to leave out the others."""
    hours = {key: None if key[0].startswith("custom") else usd for key, usd in RATES.items()}
    made = build(folder_of(compared(rates=hours, serving="provisioned")))
    assert made.recommendation
    # 7,302 / 0.00113 = 6,461,947.
    assert (
        "cheaper below 6,461,947 answers a month (by $7,302.00 in a month without questions)"
        in made.recommendation.sentence
    )
    assert "Only a load test shows how many answers the model units can give." in made.recommendation.changes


def test_missing_answers_are_said_and_if_most_are_missing_nothing_is_decided(folder_of: FolderOf) -> None:
    made = build(folder_of(compared(TUNED_WINS)))
    base, tuned = made.contestants
    few = recommendation(made.model_copy(update={"contestants": (base, tuned.model_copy(update={"failed": 2}))}))
    assert few
    assert (few.outcome, few.changes[-1]) == (
        "ship", "The tuned model gave no answer to 2 of 42 requests. They count as the worst score."
    )  # fmt: skip
    measure = made.scores["correctness"]
    side = measure.tuned.model_copy(update={"failed": 21})
    sides = {"correctness": measure.model_copy(update={"by_contestant": {**measure.by_contestant, "tuned": side}})}
    most = recommendation(made.model_copy(update={"scores": sides}))
    assert most
    assert most.outcome == "undecided"
    assert most.sentence.startswith("Undecided: the tuned model gave no answer to 21 of 40 questions, and")


def test_scores_of_stand_ins_decide_nothing(folder_of: FolderOf) -> None:
    made = build(folder_of(compared())).model_copy(update={"stand_ins": ("base model: a stand-in",)})
    found = recommendation(made)
    assert found
    assert any("run the dataset on AWS" in change for change in found.changes)


def test_throughput_that_is_bought_for_a_term_is_paid_anyway(folder_of: FolderOf) -> None:
    made = build(folder_of(compared()))
    bought = EndpointDetails(kind="provisioned", arn="arn", name="n", commitment="OneMonth", created_at="2026-11-29")
    found = recommendation(made.model_copy(update={"commitment": bought}))
    assert found
    assert any("bought for a term" in change for change in found.changes)


def test_page_notification_and_report_say_the_same(folder_of: FolderOf) -> None:
    made = build(folder_of(compared()))
    assert made.recommendation
    sentence = made.recommendation.sentence
    assert sentence in page(made)
    assert "**Recommendation:** Ship the base model with passages" in notification_text(made)
    assert Report.model_validate_json(made.to_json()).recommendation == made.recommendation


def test_questions_do_not_decide_about_a_contestant_whose_answers_are_missing(folder_of: FolderOf) -> None:
    made = build(folder_of(compared()))
    measure = made.scores["correctness"]
    side = measure.by_contestant["few_shot"].model_copy(update={"failed": 21})
    sides = {"correctness": measure.model_copy(update={"by_contestant": {**measure.by_contestant, "few_shot": side}})}
    found = recommendation(made.model_copy(update={"scores": sides}))
    assert found
    assert may_ship(found)["few_shot"] == "undecided"
    said = "The base model with examples gave no answer to 21 of 40 questions, so more questions would not decide."
    assert said in found.changes


def test_a_run_that_failed_or_was_not_scored_has_none(folder_of: FolderOf) -> None:
    made = build(folder_of(compared()))
    failed = made.model_copy(update={"failure": Failure(error="DatasetError", message="bad")})
    assert recommendation(failed) is None
    assert recommendation(made.model_copy(update={"scores": {}})) is None
