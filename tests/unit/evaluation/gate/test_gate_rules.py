"""The rules of the gate: which scores they accept and reject."""

import pytest

from tests.unit.evaluation.test_scores import scores
from tuner.artifacts.evaluation.contestants import BASE, TUNED
from tuner.artifacts.evaluation.gate import GateResult
from tuner.artifacts.evaluation.measure_scores import Aggregate, Compared, MeasureScores, Slice, Slices
from tuner.core.errors import SettingsError
from tuner.core.strict_model import read_from_artifact
from tuner.evaluation.gate.rules import GateComparisons, decide_gate
from tuner.evaluation.metrics import Measure
from tuner.evaluation.statistics.comparison import compare
from tuner.evaluation.statistics.verdict import conclude
from tuner.settings import GateRule, Margin, RunSettings, load

MEASURE = Measure("correctness", "Correctness", (1.0, 10.0))


def comparisons(base: list[float], tuned: list[float]) -> GateComparisons:
    return GateComparisons(compared(base, tuned))


def compared(base: list[float], tuned: list[float]) -> dict[str, MeasureScores]:
    difference = compare(base, tuned)
    means = [sum(values) / len(values) if values else None for values in (base, tuned)]
    scores = MeasureScores(
        by_contestant={BASE: Aggregate(mean=means[0]), TUNED: Aggregate(mean=means[1])},
        difference=difference.mean,
        comparison=difference.comparison,
        conclusion=conclude(MEASURE, difference),
    )
    return {"correctness": scores}


def decided(base: list[float], tuned: list[float], **rule: object) -> str:
    found = decide_gate({"correctness": GateRule.model_validate(rule)}, comparisons(base, tuned))
    assert found is not None
    assert found.sentence.startswith(found.decision.capitalize())
    return found.decision


EQUAL, BETTER, WORSE = [5.0, 6.0] * 5, [8.0, 9.0] * 5, [2.0, 3.0] * 5
MAYBE = [6.0, 6.0, 4.0, 6.0, 7.0, 6.0, 3.0, 9.0, 5.0, 6.0]


@pytest.mark.parametrize(("tuned", "decision"), [(BETTER, "accepted"), (WORSE, "rejected"), (MAYBE, "undecided")])
def test_better_than_base_needs_a_significant_difference(tuned: list[float], decision: str) -> None:
    assert decided(EQUAL, tuned, better_than="base") == decision


@pytest.mark.parametrize(("tuned", "decision"), [(BETTER, "accepted"), (WORSE, "rejected"), (MAYBE, "accepted")])
def test_not_worse_than_base_rejects_a_significant_loss_only(tuned: list[float], decision: str) -> None:
    assert decided(EQUAL, tuned, not_worse_than="base") == decision


def within(margin: float, better: str = "higher") -> tuple[str, str]:
    """The decision and its sentence for a difference of 0.3 on average, with a 95 % interval from about -0.4 to 1."""
    difference = compare(EQUAL, [score + gain for score, gain in zip(EQUAL, GAINS, strict=True)])
    scores = MeasureScores(
        by_contestant={BASE: Aggregate(mean=5.5), TUNED: Aggregate(mean=5.8)},
        difference=difference.mean,
        comparison=difference.comparison,
        better="higher" if better == "higher" else "lower",
        conclusion=conclude(MEASURE, difference),
    )
    rule = GateRule(not_worse_by=Margin(than="base", margin=margin))
    found = decide_gate({"correctness": rule}, GateComparisons({"correctness": scores}))
    assert found is not None
    (result,) = found.rules
    assert (result.rule, result.numbers.bound, result.numbers.interval) == ("not_worse_by", margin, difference.interval)
    return result.decision, result.sentence


GAINS = [1.0, -0.8, 1.2, 0.3, -0.6, 1.4, 0.2, -0.9, 1.1, 0.1]


def test_a_margin_accepts_only_where_the_whole_interval_is_inside() -> None:
    assert within(0.5) == ("accepted", "correctness is not worse than base by more than 0.5")
    decision, sentence = within(0.2)
    assert decision == "undecided"
    assert sentence.startswith("correctness is not shown to be within 0.2 of base: a loss of up to 0.")
    # Where lower values are better, the other end of the interval decides.
    assert within(0.5, "lower")[0] == "undecided"
    assert within(1.2, "lower")[0] == "accepted"


def test_a_margin_rejects_a_shown_loss_unless_the_loss_is_shown_to_be_inside() -> None:
    slightly_worse = [score - loss for score, loss in zip(EQUAL, [0.09, 0.11] * len(EQUAL), strict=False)]
    assert decided(EQUAL, WORSE, not_worse_by={"than": "base", "margin": 1}) == "rejected"
    assert decided(EQUAL, slightly_worse, not_worse_by={"than": "base", "margin": 1}) == "accepted"
    assert decided(EQUAL, slightly_worse, not_worse_by={"than": "base", "margin": 0.05}) == "rejected"


@pytest.mark.parametrize(("questions", "loss"), [(6, 4.13), (40, 0.793)])
def test_equal_scores_of_few_questions_do_not_show_that_others_are_within_a_margin(questions: int, loss: float) -> None:
    """None of `n` questions differs: up to 1 - 0.025^(1/n) of others may, each by the 9 points of the range."""
    same = compare([7.0] * questions, [7.0] * questions)
    assert same.interval == (0, 0)
    scores = MeasureScores(
        by_contestant={BASE: Aggregate(mean=7.0), TUNED: Aggregate(mean=7.0)},
        difference=0.0,
        comparison=same.comparison,
        better="higher",
        range=(1, 10),
    )
    sentences = []
    for margin in (loss * 0.99, loss * 1.01):
        rule = GateRule(not_worse_by=Margin(than="base", margin=margin))
        found = decide_gate({"correctness": rule}, GateComparisons({"correctness": scores}))
        assert found is not None
        sentences.append(found.sentence)
    assert sentences[0].startswith("Undecided")
    assert sentences[0].endswith(f"a loss of up to {loss:.3g} is not excluded.")
    assert sentences[1].startswith("Accepted")


def test_a_margin_is_undecided_without_evidence() -> None:
    margin = {"than": "base", "margin": 5}
    assert decided(EQUAL[:5], EQUAL[:5], not_worse_by=margin) == "undecided"
    assert decided([], [], not_worse_by=margin) == "undecided"
    # Few questions cannot show a loss either, so the weaker rule accepts, and says so.
    found = decide_gate({"correctness": GateRule(not_worse_than="base")}, comparisons(EQUAL[:5], EQUAL[:5]))
    assert found is not None
    assert found.decision == "accepted"
    assert found.sentence.endswith("is not shown to be worse than base, but so few questions cannot show a loss.")


def test_not_worse_than_says_which_loss_is_not_excluded() -> None:
    found = decide_gate({"correctness": GateRule(not_worse_than="base")}, comparisons(EQUAL, MAYBE))
    assert found is not None
    assert ", but a loss of up to 0." in found.sentence
    found = decide_gate(
        {"correctness": GateRule(not_worse_than="base")}, comparisons(EQUAL, [*BETTER[:-1], BETTER[-1] - 0.5])
    )
    assert found is not None
    assert found.sentence == "Accepted: correctness is not shown to be worse than base."


def test_bounds_are_the_means() -> None:
    assert decided(EQUAL, BETTER, at_least=8.5) == "accepted"
    assert decided(EQUAL, BETTER, at_least=8.6) == "rejected"
    assert decided(EQUAL, BETTER, at_most=8.5) == "accepted"
    assert decided(EQUAL, BETTER, at_most=8.4) == "rejected"


@pytest.mark.parametrize(
    ("rule", "decision"),
    [
        ({"better_than": "base"}, "accepted"),
        ({"better_than": "retrieval"}, "rejected"),
        ({"not_worse_than": "retrieval"}, "rejected"),
        ({"not_worse_by": {"than": "retrieval", "margin": 6}}, "accepted"),
        ({"better_than": "few_shot"}, "undecided"),
    ],
)
def test_a_rule_compares_with_the_contestant_that_it_names(rule: dict, decision: str) -> None:
    """The tuned model is better than the base model and worse than retrieval; few_shot was not measured."""
    scores, against = compared(EQUAL, BETTER)["correctness"], compared(BETTER, WORSE)["correctness"]
    other = Compared(difference=-6.0, comparison=against.comparison, conclusion=against.conclusion)
    other = other.model_copy(update={"comparison": against.comparison.model_copy(update={"interval": (-5.9, -5.5)})})
    sides = {**scores.by_contestant, "retrieval": Aggregate(mean=8.5)}
    several = scores.model_copy(update={"by_contestant": sides, "compared": {"retrieval": other}})
    found = decide_gate({"correctness": GateRule.model_validate(rule)}, GateComparisons({"correctness": several}))
    assert found is not None
    assert found.decision == decision
    if "retrieval" in str(rule):
        assert "the base model with passages" in found.sentence
        assert (found.rules[0].numbers.compared_with, found.rules[0].numbers.other) == ("retrieval", 8.5)


def test_one_broken_rule_rejects_and_says_which() -> None:
    gate = {"correctness": GateRule(at_least=9.0, better_than="base")}
    found = decide_gate(gate, comparisons(EQUAL, BETTER))
    assert found is not None
    assert (found.decision, len(found.rules)) == ("rejected", 2)
    assert found.sentence == "Rejected: correctness is 8.5, not at least 9."


def test_an_undecided_rule_never_accepts() -> None:
    found = decide_gate({"correctness": GateRule(at_least=1.0, better_than="base")}, comparisons(EQUAL, MAYBE))
    assert found is not None
    assert found.decision == "undecided"


def test_nothing_measured_is_undecided_and_no_gate_is_none() -> None:
    assert decided([], [], at_least=1) == "undecided"
    assert decide_gate({}, comparisons(EQUAL, BETTER)) is None


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"gate": {"corectness": {"at_least": 6}}}, "gate: .*no measure 'corectness'; did you mean 'correctness'"),
        ({"gate": {"correctness": {}}}, r"gate\.correctness: has no condition"),
        ({"gate": {"correctness": {"atleast": 6}}}, "Did you mean 'at_least'"),
        ({"gate": {"preference": {"at_least": 0.5}}, "evaluation": {"metrics": ["rouge"]}}, "no measure 'preference'"),
        (
            {"gate": {"correctness": {"at_least": 6}}, "serving": "none"},
            "gate: needs scores, and with",
        ),
        ({"gate": {"correctness": {"better_than": "bass"}}}, "correctness: .*'bass'; did you mean 'base'"),
        ({"gate": {"correctness": {"not_worse_by": {"margin": 1}}}}, r"gate\.correctness\.not_worse_by\.than"),
        ({"gate": {"correctness": {"not_worse_by": {"than": "base", "margin": 0}}}}, r"not_worse_by\.margin"),
        ({"gate": {"correctness": {"each": "topic"}}}, "has no condition"),
        ({"gate": {"correctness": {"at_least": 1, "each": "topic"}}}, "'topic' is not in evaluation.slices"),
        (
            {
                "gate": {"correctness": {"better_than": "best", "each": "topic"}},
                "evaluation": {"slices": ["topic"]},
            },
            "slices are compared with base only",
        ),
        ({"gate": {"preference": {"not_worse_by": {"than": "best", "margin": 0.1}}}}, "compares with base only"),
        (
            {"gate": {"preference": {"better_than": "retrieval"}}, "compare_with": ["retrieval"]},
            "compares with base only; name another measure for 'retrieval'",
        ),
        ({"gate": {"correctness": {"better_than": "retrieval"}}}, "'retrieval' is no contestant of the run; add it"),
        (
            {
                "gate": {"correctness": {"not_worse_by": {"than": "few_shot", "margin": 1}}},
                "compare_with": ["base", "retrieval"],
            },
            "'few_shot' is no contestant of the run; add it to compare_with",
        ),
        ({"evaluation": {"metrics": ["blue"]}}, "no metric 'blue'; did you mean 'bleu'"),
    ],
)
def test_a_wrong_gate_is_refused_before_anything_is_spent(settings: dict, message: str) -> None:
    with pytest.raises(SettingsError, match=message):
        load(RunSettings, settings, "run.yaml")


def test_one_broken_rule_rejects_whatever_else_is_undecided() -> None:
    found = decide_gate({"correctness": GateRule(at_least=9.5, better_than="base")}, comparisons(EQUAL, MAYBE))
    assert found is not None
    assert [rule.decision for rule in found.rules] == ["rejected", "undecided"]
    assert found.decision == "rejected"


@pytest.mark.parametrize(
    ("pairs", "decision", "says"),
    [
        ([("1", "10")], "undecided", "neither shown to be better nor worse"),
        ([("5", "5")] * 8, "undecided", "neither shown to be better nor worse"),
        ([("?", "?")] * 8, "undecided", "could not be compared with base"),
        ([(None, None)] * 8, "undecided", "could not be compared with base: it gave no answer to 8 of 8 questions"),
        (
            [("5", None)] * 8,
            "undecided",
            "could not be compared with base: the tuned model gave no answer to 8 of 8 questions",
        ),
        ([(None, "5")] * 8, "undecided", "could not be compared with base: it gave no answer to 8 of 8 questions"),
    ],
    ids=["one question", "all equal", "no grade", "no answer", "no answer of tuned", "no answer of base"],
)
def test_unusual_scores_are_decided_with_a_reason(
    pairs: list[tuple[str | None, str | None]], decision: str, says: str
) -> None:
    found = decide_gate({"correctness": GateRule(better_than="base")}, GateComparisons.of(scores(*pairs)))
    assert found is not None
    assert found.decision == decision
    assert says in found.sentence


@pytest.mark.parametrize("known", [{}, {"at_least": 1.0}], ids=["alone", "beside a known one"])
def test_a_condition_of_a_newer_version_never_accepts(known: dict[str, float]) -> None:
    rule = read_from_artifact(GateRule, {"not_worse_over": {"than": "base"}, **known})
    found = decide_gate({"correctness": rule}, comparisons(EQUAL, BETTER))
    assert found is not None
    assert found.decision == "undecided"
    assert "has the condition 'not_worse_over', which this version of the pipeline does not know" in found.sentence


def sliced(gains: dict[str, list[float]], **rule: object) -> GateResult:
    """The decision on topics, in each of which the tuned model gains so much over the base model."""
    parts = tuple(
        Slice(value=topic, questions=len(values), metrics=compared([5.0] * len(values), [5 + gain for gain in values]))
        for topic, values in gains.items()
    )
    every = [gain for values in gains.values() for gain in values]
    whole = compared([5.0] * len(every), [5 + gain for gain in every])
    slices = (Slices(field="topic", values=len(parts), slices=parts),)
    found = decide_gate(
        {"correctness": GateRule.model_validate({**rule, "each": "topic"})}, GateComparisons(whole, None, slices)
    )
    assert found is not None
    return found


GOOD, BAD = [2.0, 1.0, 3.0, 2.0, 2.0, 1.0], [-2.0, -1.0, -3.0, -2.0, -2.0, -1.0]
MARGIN = {"than": "base", "margin": 0.5}


def test_a_rule_for_each_slice_accepts_only_where_it_holds_in_every_slice() -> None:
    found = sliced({"billing": GOOD, "returns": GOOD}, not_worse_by=MARGIN)
    assert found.sentence == (
        "Accepted: correctness is not worse than base by more than 0.5; and so it is in each of 2 slices by 'topic'."
    )
    assert [result.slice and result.slice.value for result in found.rules] == [None, "billing", "returns"]


def test_slices_that_are_not_shown_to_be_worse_can_have_a_loss() -> None:
    found = sliced({"billing": GOOD * 3, "returns": [1.0, -1.0] * 5}, not_worse_than="base")
    assert found.sentence.endswith("; and so it is in each of 2 slices by 'topic', in which a loss is not excluded.")
    better = sliced({"billing": GOOD, "returns": GOOD}, not_worse_than="base")
    assert better.sentence.endswith("; and so it is in each of 2 slices by 'topic'.")


def test_a_rule_for_each_slice_rejects_a_model_that_is_worse_in_one_slice() -> None:
    found = sliced({"billing": GOOD * 3, "returns": BAD}, not_worse_by=MARGIN, at_least=3.5)
    assert found.decision == "rejected"
    assert "correctness is worse than base by more than 0.5 for topic 'returns'" in found.sentence
    assert "billing" not in found.sentence


@pytest.mark.parametrize(
    ("margin", "decision", "said"),
    [
        (0.5, "rejected", "Rejected: correctness is worse than base by more than 0.5"),
        (2.0, "undecided", "Undecided: correctness is worse than base, but it is not shown whether by more than 2"),
    ],
)
def test_a_margin_rejects_only_where_the_whole_interval_is_beyond_it(margin: float, decision: str, said: str) -> None:
    found = sliced({"returns": BAD * 3}, not_worse_by={"than": "base", "margin": margin})
    assert (found.decision, found.sentence.startswith(said)) == (decision, True)


def test_a_slice_that_is_too_small_leaves_the_gate_undecided() -> None:
    found = sliced({"billing": GOOD, "legal": [2.0]}, at_least=1)
    assert found.decision == "undecided"
    assert found.sentence == "Undecided: correctness has too few questions to decide for topic 'legal'."


def test_a_reason_that_several_rules_have_is_said_once() -> None:
    found = sliced({"billing": GOOD, "legal": [2.0]}, at_least=1, better_than="base", not_worse_by=MARGIN)
    assert found.sentence == "Undecided: correctness has too few questions to decide for topic 'legal'."
    found = sliced({"billing": GOOD, "returns": GOOD}, at_least=1, better_than="base")
    assert found.sentence == (
        "Accepted: correctness is 6.83, at least 1; correctness is better than base; and so it is in each of 2 slices "
        "by 'topic'."
    )


def test_a_rule_for_each_slice_without_slices_is_undecided() -> None:
    found = decide_gate({"correctness": GateRule(at_least=1, each="topic")}, comparisons(EQUAL, BETTER))
    assert found is not None
    assert found.decision == "undecided"
    assert "correctness has no slices by 'topic'" in found.sentence


def test_of_many_slices_the_sentence_names_the_first() -> None:
    found = sliced({f"topic {number}": BAD for number in range(8)} | {"good": GOOD * 9}, not_worse_than="base")
    assert found.sentence.endswith(
        "correctness is worse than base for topic 'topic 0', 'topic 1', 'topic 2', 'topic 3', 'topic 4' and 3 more."
    )


def test_slices_with_the_same_result_are_named_together_without_their_numbers() -> None:
    few = [2.0, -1.0] * 4
    found = sliced({"billing": few, "returns": [*few, 1.0], "good": [1.0, 1.2] * 20}, not_worse_by=MARGIN)
    assert found.decision == "undecided"
    assert found.sentence.endswith(
        "correctness is not shown to be within 0.5 of base for topic 'billing' and 'returns'."
    )
    assert all("not excluded for topic" in each.sentence for each in found.rules if each.decision == "undecided")


@pytest.mark.parametrize(
    "rule", [{"better_than": "base"}, {"not_worse_than": "base"}, {"not_worse_by": MARGIN}], ids=str
)
def test_missing_answers_of_the_base_model_do_not_accept_the_tuned_one(rule: dict[str, object]) -> None:
    gate = {"correctness": GateRule.model_validate(rule)}
    mostly, half = [(None, "5")] * 7 + [("5", "5")], [(None, "5")] * 10 + [("5", "5")] * 10
    found = decide_gate(gate, GateComparisons.of(scores(*mostly)))
    assert found is not None
    assert found.sentence == (
        "Undecided: correctness could not be compared with base: it gave no answer to 7 of 8 questions."
    )
    counted = decide_gate(gate, GateComparisons.of(scores(*half)))
    assert counted is not None
    assert counted.decision == "accepted"
