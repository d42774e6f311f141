"""The table of contestants: on the page, and as `tuner show` prints it."""

import html
import re

import pytest

from tests.unit.reporting.compared import MEANS, RATES, compared
from tests.unit.reporting.conftest import FolderOf
from tuner.artifacts.contexts import Context, Passage
from tuner.artifacts.report.contestants import ContextCounts
from tuner.cli.terminal.console import console
from tuner.cli.terminal.score_table import contestant_table, pair_table, use_table
from tuner.core.artifact_keys import Keys
from tuner.evaluation.statistics.slices import holm
from tuner.reporting import Report, build, page
from tuner.reporting.collect.contestant_uses import answers_given_away, costs_not_known, prompts_in_words
from tuner.reporting.page.charts import quality_chart, quality_points

_TITLE = "The contestants: quality, cost and speed"


@pytest.fixture
def several(folder_of: FolderOf) -> Report:
    return build(folder_of(compared()))


def section(report: Report) -> str:
    return page(report).partition(f">{_TITLE}</h3>")[2].partition("</table>")[0]


def row(report: Report, title: str) -> str:
    """The text of a contestant's row, cells separated by bars."""
    found = re.search(rf'<tr><th scope="row">{title}<.*?</tr>', section(report), re.DOTALL)
    assert found
    return html.unescape(re.sub(r"\s*\|[\s|]*", "|", re.sub(r"(<[^>]*>\s*)+", "|", found[0])))


def printed(report: Report) -> str:
    target = console()
    with target.capture() as found:
        target.print(contestant_table(report.scores["correctness"]))
        target.print(use_table(report.scores["correctness"], report.contestants))
    return found.get()


def test_the_page_has_quality_cost_and_speed_of_every_contestant(several: Report) -> None:
    base = several.scores["correctness"].base
    assert base.interval
    assert base.interval[0] == pytest.approx(3 - 0.0648, abs=0.001)
    assert row(several, "The base model with passages") == (
        "|The base model with passages|reads 1,030 tokens, writes 50|7.00|6.94 to 7.06|+0.000|−0.090 to +0.090|"
        "undecided|p = 1.00|$1.13|595 ms|95 %: 770 ms|$0.00|by the token|"
    )


def test_costs_of_answers_are_not_rounded_to_cents(folder_of: FolderOf) -> None:
    """1,030 tokens at $0.01 a million and 50 at $0.05: $0.0128 for 1,000 answers."""
    cheap = build(folder_of(compared(rates={**RATES, ("input", None): 1e-8, ("output", None): 5e-8})))
    assert "|$0.013|" in row(cheap, "The base model with passages")
    assert "$0.013" in printed(cheap)


def test_a_p_value_is_corrected_for_the_number_of_comparisons(several: Report) -> None:
    found = [each.comparison for each in several.scores["correctness"].compared.values()]
    assert [each.p_corrected for each in found] == holm([each.p or 0.0 for each in found])
    assert "|better|p < 0.001|" in row(several, "The base model with examples")
    assert "< 0.001" in printed(several)


def test_the_others_are_compared_with_each_other(several: Report) -> None:
    shown = page(several).partition(">The others against each other</h3>")[2].partition("</table>")[0]
    cells = html.unescape(re.sub(r"\s*\|[\s|]*", "|", re.sub(r"(<[^>]*>\s*)+", "|", shown)))
    assert "|The base model with passages|the base model with examples|+2.00|" in cells
    assert len(several.scores["correctness"].pairs) == cells.count("|the base model") + cells.count("|the tuned model")
    target = console()
    with target.capture() as found:
        target.print(pair_table(several.scores["correctness"]))
    line = next(line for line in found.get().splitlines() if line.split()[:2] == ["retrieval", "few_shot"])
    assert (line.split()[2], line.split()[-1]) == ("+2.00", "better")


@pytest.mark.slow
def test_the_only_comparison_needs_no_correction(folder_of: FolderOf) -> None:
    alone = build(folder_of(compared({name: MEANS[name] for name in ("base", "tuned")})))
    assert "Here it is the only comparison" in page(alone)
    assert "The others against each other" not in page(alone)
    assert "|better|p < 0.001|" in row(alone, "The base model")


def test_a_cost_that_is_not_known_is_not_zero_and_says_why(folder_of: FolderOf) -> None:
    unknown = build(folder_of(compared(rates={**RATES, ("storage", None): None, ("input", None): None})))
    assert "|not known|no price for storage|" in row(unknown, "The tuned model")
    assert "|not known|" in row(unknown, "The base model")
    assert list(costs_not_known(unknown.contestants))[:2] == [
        "Costs of the base model are not known: no price for input.",
        "Costs of the tuned model are not known: no price for storage.",
    ]


def test_throughput_is_paid_while_nothing_is_asked(folder_of: FolderOf) -> None:
    served = build(folder_of(compared(serving="provisioned")))
    assert "|$0.00|595 ms|95 %: 770 ms|$7,302.00|throughput by the hour|" in row(served, "The tuned model")


def test_passages_that_give_the_answer_away_are_counted(several: Report) -> None:
    assert [use.context for use in several.contestants[:2]] == [None, None]
    counts = ContextCounts(questions=40, parts=80, parts_with_answer=8, questions_with_answer=8)
    assert {use.context for use in several.contestants[2:]} == {counts}
    (sentence,) = answers_given_away(several.contestants[3:])
    assert sentence.startswith(
        "8 of 80 examples or passages of the base model with passages and the tuned model with passages have a right "
        "answer of their question word for word, for 8 questions."
    )
    assert "8 of 80 examples or passages of the base model with examples and" in page(several)
    none = [
        use.model_copy(update={"context": counts.model_copy(update={"parts_with_answer": 0})})
        for use in several.contestants
    ]
    assert list(answers_given_away(none)) == []


def test_questions_for_which_nothing_was_found_are_counted(folder_of: FolderOf) -> None:
    """Passages of training answers that share no word with the questions: the base model is asked the same twice."""
    things = compared()
    found = [Context.model_validate_json(line) for line in things[Keys.contexts("retrieval")].splitlines()]
    empty = [each.model_copy(update={"passages": ()}) if at < 3 else each for at, each in enumerate(found)]
    things[Keys.contexts("retrieval")] = b"".join(each.to_json_line().encode() + b"\n" for each in empty)
    report = build(folder_of(things))
    assert [use.context.questions_without_part for use in report.contestants if use.context] == [0, 3, 0]
    (sentence,) = (each for each in prompts_in_words(report.contestants) if each.startswith("Nothing"))
    assert sentence.startswith("Nothing was found for 3 of 40 questions of the base model with passages")
    assert sentence in html.unescape(page(report))


def test_passages_of_questions_that_were_not_asked_do_not_count(folder_of: FolderOf) -> None:
    """A run that stops early has passages for all questions."""
    things = compared()
    more = Context(id="later", passages=(Passage(source="faq.pdf", text="It is so.", holds_answer=True),))
    things[Keys.contexts("retrieval")] += more.to_json_line().encode() + b"\n"
    retrieval = build(folder_of(things)).contestants[3]
    assert retrieval.context == ContextCounts(questions=40, parts=80, parts_with_answer=8, questions_with_answer=8)


@pytest.mark.slow
def test_a_report_without_measured_use_shows_the_comparisons_only(several: Report) -> None:
    bare = several.model_copy(update={"contestants": ()})
    assert "1,000 answers" not in section(bare)
    assert "|The base model with passages|7.00|6.94 to 7.06|" in row(bare, "The base model with passages")
    alone = bare.scores["correctness"].model_copy(update={"compared": {}})
    assert _TITLE not in page(bare.model_copy(update={"scores": {"correctness": alone}}))


def test_the_command_prints_the_same_in_eighty_columns(several: Report) -> None:
    lines = printed(several).splitlines()
    assert max(map(len, lines)) <= 80
    words = [" ".join(line.split()) for line in lines]
    assert "few_shot 5.00 7.00 +2.00 +1.91 to +2.09 < 0.001 better" in words
    assert "retrieval_tuned 7.00 6.94 to 7.06 $3.29 595 ms 770 ms $2.00" in words


@pytest.mark.slow
def test_the_chart_has_quality_against_cost_in_words_too(several: Report) -> None:
    drawn = quality_chart(several)
    assert drawn
    # 10,000 answers: $2 of storage and $2.90 of tokens; $11.30 of tokens.
    assert "the tuned model: 7.00 for $4.90; the base model with examples: 5.00 for $5.30" in drawn
    assert "the base model with passages, by the token: 7.00 for $11.30" in page(several)
    assert all(f"mean contestant-{place}" in drawn for place in range(5))
    assert "$10.00" in drawn
    # That of the recommendation costs least below 2,381 answers only.
    assert "Of those that are good enough, the tuned model (on demand) costs least then." in page(several)


@pytest.mark.slow
def test_a_contestant_without_costs_is_not_in_the_chart(folder_of: FolderOf) -> None:
    unknown = build(folder_of(compared(rates={**RATES, ("storage", None): None})))
    assert [point.title for point in quality_points(unknown)] == [
        "the base model",
        "the base model with examples",
        "the base model with passages",
    ]
    nothing = build(folder_of(compared(rates=dict.fromkeys(RATES))))
    assert quality_chart(nothing) is None
    assert "Quality against cost" not in page(nothing)


def test_over_many_powers_of_ten_the_chart_labels_these_only(folder_of: FolderOf) -> None:
    served = build(folder_of(compared(serving="provisioned", rates={**RATES, ("custom_input", None): None})))
    drawn = quality_chart(served)
    assert drawn
    assert "$1,000.00" in drawn
    assert "$20.00" not in drawn


@pytest.mark.slow
def test_the_page_says_who_costs_least_at_which_volume(several: Report) -> None:
    shown = page(several).partition(">Who costs least</h3>")[2].partition("</table>")[0]
    assert "from 0 to 2,381</th><td>the base model with passages</td><td>by the token</td>" in shown
    assert "from 25,172,414</th><td>the tuned model</td><td>throughput by the hour</td>" in shown
    assert "as good as the tuned model within ±0.104" in page(several).partition("Who is good enough, and why")[2]
