"""ROUGE, BLEU, chrF, exact match, token F1 and style: on texts whose scores are known or must hold."""

import json
from importlib import import_module
from pathlib import Path
from types import SimpleNamespace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.examples import examples
from tests.unit.evaluation.conftest import make_item
from tuner.catalog.metrics import METRICS, uses_judge
from tuner.catalog.tasks import TASKS
from tuner.core.errors import SettingsError
from tuner.evaluation import metrics
from tuner.evaluation.grading.graded_items import GradedItem
from tuner.evaluation.metric_language import detect
from tuner.evaluation.metrics import ScoringContext, all_metrics, chosen
from tuner.evaluation.tokens import tokens

JAPANESE = "プロビジョンドスループットは時間単位で購入します。"
CHINESE = "预置吞吐量按小时购买。"


def values(name: str, answer: str, reference: str, language: str = "en", question: str = "What is it?") -> dict:
    sample = GradedItem("a", question, reference, {"base": answer, "tuned": None})
    return dict(all_metrics()[name]().grade([sample], ScoringContext(language=language)).values["base"][0].measures)


def test_every_module_of_the_folder_is_a_metric_with_the_measures_of_the_catalog() -> None:
    files = {path.stem for path in Path(metrics.__file__).parent.glob("*.py")} - {"__init__", "base"}
    assert set(all_metrics()) == files
    assert {name: kind.measures for name, kind in all_metrics().items()} == METRICS
    assert [name for name, kind in all_metrics().items() if kind.needs_judge] == [
        n for n in all_metrics() if uses_judge([n])
    ]
    assert set().union(*(task.metrics for task in TASKS.values())) <= set(all_metrics())
    names = [measure.name for kind in all_metrics().values() for measure in kind.measures]
    assert len(names) == len(set(names))
    for name in files:
        assert import_module(f"tuner.evaluation.metrics.{name}").__doc__


def test_unknown_metrics_are_refused_and_repeated_ones_used_once() -> None:
    assert [metric.name for metric in chosen(["rouge", "rouge", "bleu"])] == ["rouge", "bleu"]
    with pytest.raises(SettingsError, match=r"no metric 'meteor'\. Valid: bertscore, bleu"):
        chosen(["meteor"])


def test_rouge_equals_scores_that_were_computed_by_hand() -> None:
    found = values("rouge", "the cat sat", "the cat sat on the mat")
    assert found["rouge_1"] == pytest.approx(2 * (1 * 0.5) / 1.5, abs=1e-6)
    assert found["rouge_2"] == pytest.approx(2 * (1 * 2 / 5) / (1 + 2 / 5), abs=1e-6)
    assert found["rouge_l"] == found["rouge_1"]


def test_bleu_and_chrf_equal_sacrebleus() -> None:
    import sacrebleu

    answer, reference = "Throughput is bought by the hour.", "Provisioned throughput is bought by the hour."
    found = values("bleu", answer, reference)
    assert found["chrf"] == pytest.approx(sacrebleu.sentence_chrf(answer, [reference]).score, abs=1e-4)
    assert found["bleu"] == pytest.approx(sacrebleu.sentence_bleu(answer, [reference]).score, abs=1e-4)


@pytest.mark.parametrize(("language", "text"), [("ja", JAPANESE), ("zh", CHINESE)])
@pytest.mark.parametrize(("name", "measure"), [("rouge", "rouge_2"), ("bleu", "bleu"), ("bleu", "chrf")])
def test_texts_without_spaces_have_partial_scores(language: str, text: str, name: str, measure: str) -> None:
    top = values(name, text, text, language)[measure]
    part = values(name, text[: len(text) * 3 // 4], text, language)[measure]
    none = values(name, "abc def", text, language)[measure]
    assert top > part > none
    assert none < 1
    assert top in (pytest.approx(1), pytest.approx(100))


@pytest.mark.parametrize(
    ("text", "language"),
    [
        (JAPANESE, "ja"),
        ("東京は日本の首都です。Amazon Bedrockで使えます。", "ja"),
        (CHINESE, "zh"),
        ("프로비저닝된 처리량은 시간 단위로 구매합니다.", "ko"),
        ("Throughput is bought by the model unit and the hour.", "en"),
        ("Der Durchsatz wird stundenweise gekauft.", ""),
        ("42", ""),
        ("", ""),
    ],
)
def test_the_language_is_detected(text: str, language: str) -> None:
    assert detect([text]) == language


def test_tokens_fold_case_and_width_and_split_scripts_without_spaces() -> None:
    assert tokens("Ｂｅｄｒｏｃｋ, it's GREAT_ly") == ["bedrock", "it's", "great_ly"]
    assert tokens("東京tower") == ["東", "京", "tower"]


def test_exact_match_ignores_case_width_and_punctuation_only() -> None:
    assert values("exact_match", " forty-two!", "Forty two")["exact_match"] == 1
    assert values("exact_match", "forty-three", "Forty two")["exact_match"] == 0


def test_token_f1_by_hand() -> None:
    assert values("token_f1", "about forty two", "forty-two")["token_f1"] == pytest.approx(0.8)
    assert values("token_f1", "none", "forty-two")["token_f1"] == 0


def test_token_f1_does_not_apply_to_long_references() -> None:
    assert values("token_f1", "short", "one two three four five six seven eight nine") == {}


def test_exact_match_applies_to_references_of_any_length() -> None:
    command = "aws bedrock create-custom-model-deployment --model-arn a --model-deployment-name faq --region eu-west-1"
    assert values("exact_match", f"`{command}`", command) == {"exact_match": 1}
    assert values("exact_match", command.replace("--region", "-region"), command) == {"exact_match": 0}


def test_style_is_measured_of_answers_and_references() -> None:
    samples = [
        make_item("a", "I'm sorry, but I cannot help with that.", "What is a? It is:\n- one\n- two", "Plain words."),
        make_item("b", None, "1. first\n2. second", "Plain words."),
    ]
    grades = all_metrics()["style"]().grade(samples, ScoringContext())
    assert grades.values["base"][0].measures == {
        "style_words": 8,
        "style_list": 0,
        "style_refusal": 1,
        "style_copied": 0,
    }
    assert set(grades.values["base"][1].measures.values()) == {None}
    assert [scores.measures["style_list"] for scores in grades.values["tuned"]] == [1, 1]
    assert grades.references is not None
    assert grades.references[0]["style_words"] == 2


def test_a_repeated_question_is_detected_and_a_shared_word_is_not() -> None:
    asked = "How is provisioned throughput bought?"
    copied = values("style", "How is provisioned throughput bought? By the hour.", "By the hour.", question=asked)
    own = values("style", "Provisioned throughput is bought by the hour.", "By the hour.", question=asked)
    assert (copied["style_copied"], own["style_copied"]) == (1, 0)


@settings(max_examples=examples(25))
@given(st.text(min_size=1), st.text(min_size=1))
def test_no_text_breaks_a_metric_or_leaves_its_range(answer: str, reference: str) -> None:
    for name in ("rouge", "bleu", "exact_match", "token_f1", "style"):
        found = values(name, answer, reference, "")
        json.dumps(found, allow_nan=False)
        for measure in all_metrics()[name].measures:
            if measure.range and measure.name in found:
                assert measure.range[0] - 1e-9 <= found[measure.name] <= measure.range[1] + 1e-6


WORDS = st.lists(st.sampled_from(["the", "cat", "sat", "on", "mat", "東", "京"]), max_size=30).map(" ".join)


@pytest.mark.slow
@given(answer=WORDS, reference=WORDS)
def test_rouge_equals_the_librarys(answer: str, reference: str) -> None:
    from rouge_score.rouge_scorer import RougeScorer

    tokenizer = SimpleNamespace(tokenize=tokens)
    expected = RougeScorer(["rouge1", "rouge2", "rougeL"], tokenizer=tokenizer).score(reference, answer)
    found = values("rouge", answer, reference)
    if not reference:  # the library gives 0, which says that the answer is bad
        assert found == {}
        return
    assert list(found.values()) == pytest.approx([entry.fmeasure for entry in expected.values()], abs=1e-6)
