"""Evaluating files without a run: records are matched by id or by question, in every format."""

import csv
import errno
import io
import json
from hashlib import sha256
from pathlib import Path

import pytest

from tuner.artifacts.evaluation.judgments import GradeArguments, Judgment
from tuner.artifacts.evaluation.question_scores import by_id
from tuner.artifacts.evaluation.scores import FileIdentity, Scores
from tuner.cli.terminal.outputs import write_files
from tuner.core.errors import ArtifactError, EvaluationError, SettingsError
from tuner.evaluation import standalone
from tuner.evaluation.standalone import Files, evaluate
from tuner.reporting.files_comparison import result_files
from tuner.settings import RunSettings, load

FAST = ["rouge", "style"]


def write(folder: Path, name: str, text: str | list) -> Path:
    path = folder / name
    path.write_text(text if isinstance(text, str) else json.dumps(text, ensure_ascii=False), "utf-8")
    return path


@pytest.fixture
def files(tmp_path: Path) -> tuple[Path, Path, Path]:
    references = [{"question": f"What  is {i}?", "answer": f"It is the number {i}."} for i in range(7)]
    base = "question,answer\n" + "".join(f"What is {i}?,No idea\n" for i in range(7))
    tuned = "".join(
        json.dumps({"prompt": f"What is {i}?", "completion": f"It is number {i}."}) + "\n" for i in reversed(range(7))
    )
    return write(tmp_path, "b.csv", base), write(tmp_path, "t.jsonl", tuned), write(tmp_path, "r.json", references)


def scored(files: Files, metrics: list[str], output: Path | None = None, settings: RunSettings | None = None) -> Scores:
    """The scores, with the page beside them where there is an output."""
    evaluation = evaluate(files, metrics, output, settings)
    if output:
        write_files(result_files(evaluation, output), force=True)
    return evaluation.scores


@pytest.mark.slow
def test_records_without_ids_are_matched_by_their_question(files: tuple, tmp_path: Path) -> None:
    scores = scored(Files(*files), FAST, tmp_path / "out")
    assert scores.metrics["rouge_l"].base.mean == 0
    assert (scores.metrics["rouge_l"].tuned.mean or 0) > 0.8
    assert scores.verdict.value == "better"
    assert Scores.model_validate_json((tmp_path / "out" / "scores.json").read_bytes()) == scores
    assert (tmp_path / "out" / "review.csv").read_text("utf-8-sig").startswith("id,why,question")


def test_ids_take_precedence_over_questions(tmp_path: Path) -> None:
    references = write(
        tmp_path,
        "r.json",
        [{"id": 1, "question": "Same?", "reference": "yes"}, {"id": 2, "question": "Same?", "reference": "no"}],
    )
    base = write(tmp_path, "b.json", [{"id": "2", "answer": "no"}, {"id": "1", "answer": "no"}])
    tuned = write(tmp_path, "t.json", [{"id": "1", "answer": "yes"}, {"id": "2", "answer": None}])
    scores = scored(Files(base, tuned, references), ["rouge"])
    rows = by_id(scores.questions)
    assert (rows["1"].base.measures["rouge_1"], rows["2"].base.measures["rouge_1"]) == (0, 1)
    assert rows["2"].tuned.failed is True


def test_a_judge_is_not_asked_unless_one_is_named(files: tuple) -> None:
    scores = scored(Files(*files), FAST)
    assert scores.judge is None
    assert "judge" not in scores.to_document()
    with pytest.raises(SettingsError, match="correctness needs a judge"):
        evaluate(Files(*files), ["correctness"])


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", r"b\.json: .*(empty|has no records)"),
        ("[]", r"b\.json: .*has no records"),
        ('[{"answer": 5.5, "question": "x"}]', r"b\.json, line 1: the answer must be a text"),
        ('[{"question": "x"}]', r"b\.json, line 1: no field holds the answer"),
        ('{"question": "x", "answer": "y"}\n{"question": ', r"b\.json, line 2: "),
        ("[1, 2]", r"b\.json, line 1: is not an object"),
        ("prose", r"b\.json, line 1: "),
        ('[{"answer": "no question here"}]', r"b\.json, line 1: has no question, and not every record"),
        ('[{"question": "Unknown?", "answer": "x"}]', "None of the base model's answers belongs to a question"),
    ],
)
def test_a_file_that_cannot_be_used_is_named_with_its_line(
    files: tuple, tmp_path: Path, text: str, message: str
) -> None:
    with pytest.raises(EvaluationError, match=message):
        evaluate(Files(write(tmp_path, "b.json", text), files[1], files[2]), FAST)


def test_a_file_that_is_not_there_is_named(files: tuple, tmp_path: Path) -> None:
    with pytest.raises(EvaluationError, match=r"nowhere\.json: there is no such file"):
        evaluate(Files(tmp_path / "nowhere.json", files[1], files[2]), FAST)


@pytest.mark.slow
@pytest.mark.thorough
def test_a_huge_answer_is_scored(files: tuple, tmp_path: Path) -> None:
    huge = write(tmp_path, "h.json", [{"question": f"What is {i}?", "answer": "It is so. " * 10_000} for i in range(7)])
    scores = scored(Files(files[0], huge, files[2]), ["rouge", "style", "bleu"])
    assert scores.metrics["style_words"].tuned.mean == 30_000


def test_a_name_that_only_the_tuned_answer_has_is_reviewed_unless_it_is_in_the_training_data(
    files: tuple, tmp_path: Path
) -> None:
    references = json.loads(files[2].read_text("utf-8"))
    tuned = [{**record, "answer": "It is 1987, says Contoso."} for record in references]
    answers = write(tmp_path, "named.json", tuned)
    out = tmp_path / "out"
    scored(Files(files[0], answers, files[2]), FAST, out)
    assert "the answer names what is not in the reference: 1987, Contoso" in (out / "review.csv").read_text("utf-8-sig")
    training = write(tmp_path, "training.jsonl", '{"messages": [{"content": [{"text": "Contoso, founded in 1987"}]}]}')
    scores = scored(Files(files[0], answers, files[2], training), FAST)
    assert scores.review == ()


@pytest.fixture
def others(files: tuple, tmp_path: Path) -> dict[str, Path]:
    """Two further contestants: one as good as the tuned model, and one that is as bad as the base model."""
    good = [{"question": f"What is {i}?", "answer": f"It is number {i}."} for i in range(7)]
    bad = [{**each, "answer": "No idea"} for each in good]
    return {"few_shot": write(tmp_path, "f.json", good), "micro": write(tmp_path, "m.json", bad)}


def test_further_contestants_are_compared_with_the_tuned_model_and_corrected_for_their_number(
    files: tuple, others: dict[str, Path], tmp_path: Path
) -> None:
    scores = scored(Files(*files, others=others), ["rouge"], tmp_path / "out")
    measure = scores.metrics["rouge_l"]
    assert list(measure.compared) == ["base", "few_shot", "micro"]
    values = [each.conclusion.value for each in measure.compared.values() if each.conclusion]
    assert values == ["better", "undecided", "better"]
    plain, corrected = measure.comparison.p, measure.compared["micro"].comparison.p_corrected
    assert plain and corrected == pytest.approx(3 * plain)
    assert set(scores.files) == {"base", "tuned", "references", "contestant few_shot", "contestant micro"}
    page = (tmp_path / "out" / "index.html").read_text("utf-8")
    assert "The contestants: quality, cost and speed" in page
    assert "the base model with examples" in page


def test_missing_answers_of_a_contestant_are_named_and_count_as_the_worst(
    files: tuple, others: dict[str, Path], tmp_path: Path
) -> None:
    few = write(tmp_path, "few.json", json.loads(others["few_shot"].read_text())[:5])
    scores = scored(Files(*files, others={"micro": few}), ["rouge"])
    assert "2 of 7 questions got no answer from 'micro': counted as worst." in scores.verdict.notes
    assert scores.metrics["rouge_l"].by_contestant["micro"].failed == 2


def test_a_contestants_file_that_cannot_be_used_is_an_error_and_the_same_file_twice_a_warning(
    files: tuple, tmp_path: Path
) -> None:
    other = write(tmp_path, "o.json", [{"question": "Another?", "answer": "x"}])
    with pytest.raises(EvaluationError, match="None of the answers of 'micro' belongs to a question"):
        evaluate(Files(*files, others={"micro": other}), FAST)
    twice = write(tmp_path, "2.json", [{"question": "What is 1?", "answer": text} for text in "ab"])
    with pytest.raises(EvaluationError, match="'micro' has two different answers to the question"):
        evaluate(Files(*files, others={"micro": twice}), FAST)
    warnings = scored(Files(*files, others={"micro": files[1]}), FAST).warnings
    assert any("'micro' and the tuned model have the same file of answers" in warning for warning in warnings)


def test_every_contestant_must_be_asked_equally_often(tmp_path: Path) -> None:
    def answers(name: str, count: int) -> Path:
        records = [
            {"question": f"What is {i}?", "answer": f"{i} {at}", "sample": at} for i in range(7) for at in range(count)
        ]
        return write(tmp_path, name, records)

    references = write(tmp_path, "r.json", [{"question": f"What is {i}?", "answer": str(i)} for i in range(7)])
    main = answers("b.json", 2), answers("t.json", 2), references
    found = scored(Files(*main, others={"micro": answers("m.json", 2)}), ["rouge"])
    assert len(found.questions[0].of("micro").repeats) == 2
    with pytest.raises(EvaluationError, match=r"numbers 0, 1, those of 'micro' 0\. Ask every contestant"):
        evaluate(Files(*main, others={"micro": answers("m1.json", 1)}), FAST)


@pytest.mark.slow
def test_a_random_sample_of_the_answers_corrects_the_judge_of_files_too(tmp_path: Path) -> None:
    asked = [{"id": str(i), "question": f"What is {i}?", "answer": f"It is {i}."} for i in range(60)]
    tuned = [{**each, "answer": each["answer"] if i % 3 else "No."} for i, each in enumerate(asked)]
    paths = write(tmp_path, "b.json", asked), write(tmp_path, "t.json", tuned), write(tmp_path, "r.json", asked)
    out = tmp_path / "out"
    write_files(result_files(evaluate(Files(*paths), FAST, out, sample=40), out), force=True)
    sheet = next((out / "reviews").iterdir()).read_bytes()
    text = (out / "sample.csv").read_text("utf-8-sig")
    rows = list(csv.DictReader(io.StringIO(text)))
    assert 40 <= len(rows) <= 45
    scored_rows = [
        {**row, **{f"score_{n}": "2" if row[f"answer_{n}"] == "No." else "9" for n in (1, 2)}} for row in rows
    ]
    filled = io.StringIO(newline="")
    writer = csv.DictWriter(filled, list(rows[0]))
    writer.writeheader()
    writer.writerows(scored_rows)
    people = write(tmp_path, "filled.csv", filled.getvalue())
    evaluation = evaluate(Files(*paths, people=people), FAST, out, sample=40)
    write_files(result_files(evaluation, out), force=True)
    found = evaluation.scores.metrics["correctness"]
    # The tuned model is worse by 7 points in one of three questions.
    assert found.difference == pytest.approx(-7 / 3, abs=1)
    assert found.comparison.interval is not None
    assert found.comparison.interval[1] < 0
    assert evaluation.scores.people is not None
    assert evaluation.scores.people.undecided is None
    assert next((out / "reviews").iterdir()).read_bytes() == sheet, "the same draw is the same sheet"
    with pytest.raises(EvaluationError, match=r"no sheet 'random-40-0' was exported here"):
        evaluate(Files(*paths, people=people), FAST, tmp_path / "other")


def test_scores_by_people_are_read_from_the_sheet(files: tuple, tmp_path: Path) -> None:
    references = json.loads(files[2].read_text("utf-8"))
    answers = write(tmp_path, "named.json", [{**record, "answer": "It is 1987."} for record in references])
    out = tmp_path / "out"
    scored(Files(files[0], answers, files[2]), FAST, out)
    rows = list(csv.reader(io.StringIO((out / "review.csv").read_text("utf-8-sig"))))
    for row in rows[1:]:
        row[6:8] = ("9", "2") if row[4] == "It is 1987." else ("2", "9")
    filled = io.StringIO()
    csv.writer(filled).writerows(rows)
    sheet = write(tmp_path, "filled.csv", filled.getvalue())
    scores = scored(Files(files[0], answers, files[2], people=sheet), FAST, out)
    assert scores.people is not None
    assert scores.people.answers == 14
    assert (scores.verdict.metric, scores.verdict.value) == ("correctness", "better")
    assert "Correctness (people)" in (out / "index.html").read_text("utf-8")
    with pytest.raises(EvaluationError, match=r"wrong\.csv, line 1: there is no column score_1, score_2"):
        evaluate(Files(files[0], answers, files[2], people=write(tmp_path, "wrong.csv", "id,score\n1,2\n")), FAST)


def test_a_metric_that_does_not_apply_gives_a_warning(files: tuple, tmp_path: Path) -> None:
    long = [{"question": f"What is {i}?", "answer": f"It is the number {i} " + "and more " * 5} for i in range(7)]
    scores = scored(Files(files[0], files[1], write(tmp_path, "long.json", long)), ["token_f1"])
    assert scores.metrics == {}
    assert scores.warnings == (
        "The metric token_f1 does not apply to these questions: it is for references of at most 8 words.",
    )


def test_a_gate_decides_and_the_files_are_known_by_their_hashes(files: tuple, tmp_path: Path) -> None:
    settings = load(RunSettings, {"gate": {"rouge_l": {"at_least": 0.5, "better_than": "base"}}}, "run.yaml")
    scores = scored(Files(*files), FAST, tmp_path / "out", settings)
    assert scores.gate is not None
    assert scores.gate.decision == "accepted"
    assert scores.files["tuned"] == FileIdentity(name="t.jsonl", sha256=sha256(files[1].read_bytes()).hexdigest())
    html = (tmp_path / "out" / "index.html").read_text("utf-8")
    assert "Accepted: rouge_l is " in html
    assert scores.files["tuned"].sha256 in html
    assert "Succeeded" not in html


def test_half_a_character_in_an_answer_can_be_written(files: tuple, tmp_path: Path) -> None:
    """JSON can escape one half of a character by itself, as in an answer that was cut off within an emoji."""
    records = [{"question": f"What is {i}?", "answer": "A smile: \ud83d"} for i in range(7)]
    half = tmp_path / "half.json"
    half.write_text(json.dumps(records), "ascii")
    scored(Files(files[0], half, files[2]), FAST, tmp_path / "out")
    for name in ("index.html", "review.csv", "scores.json"):
        assert (tmp_path / "out" / name).read_text("utf-8")


def test_a_damaged_file_of_judgments_is_named(files: tuple, tmp_path: Path) -> None:
    (tmp_path / "verdicts.json").write_text('{"a": 1}', "utf-8")
    with pytest.raises(ArtifactError, match=r"verdicts\.json does not hold the judge's judgments\. Delete it"):
        evaluate(Files(*files), FAST, tmp_path)


def test_two_evaluations_into_one_folder_keep_the_judgments_of_both(tmp_path: Path) -> None:
    judgment = Judgment(arguments=GradeArguments(score=7, reasoning="right"))
    with standalone._cached_judgments(tmp_path) as first:
        first["a"] = judgment
        with standalone._cached_judgments(tmp_path) as second:
            second["b"] = judgment
    with standalone._cached_judgments(tmp_path) as kept:
        assert kept == {"a": judgment, "b": judgment}
    assert [path.name for path in tmp_path.iterdir()] == ["verdicts.json"]


class TestBeforeAJudgeIsPaid:
    """An output that cannot keep what the judge says is refused before it is asked."""

    SETTINGS = RunSettings(judge={"model": "us.amazon.nova-pro-v1:0"})

    @pytest.fixture(autouse=True)
    def _no_judge(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(standalone, "Judge", lambda *_: pytest.fail("the judge is asked"))

    def test_a_folder_that_cannot_be_written_to(
        self, files: tuple, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        def refuse(*_: object) -> None:
            raise OSError(errno.EROFS, "Read-only file system")

        monkeypatch.setattr(standalone, "LocalSink", refuse)
        with pytest.raises(EvaluationError, match="cannot be written to: Read-only file system"):
            evaluate(Files(*files), FAST, tmp_path, self.SETTINGS)

    def test_a_link_in_the_place_of_the_judgments(self, files: tuple, tmp_path: Path) -> None:
        (tmp_path / "verdicts.json").symlink_to("t.jsonl")
        with pytest.raises(EvaluationError, match=r"verdicts\.json is no regular file"):
            evaluate(Files(*files), FAST, tmp_path, self.SETTINGS)


def test_an_output_that_cannot_be_a_folder_is_an_error(files: tuple) -> None:
    with pytest.raises(EvaluationError, match="the folder cannot be made"):
        evaluate(Files(*files), FAST, files[0])


def test_a_sample_keeps_the_question_and_every_right_answer_of_its_record(tmp_path: Path) -> None:
    """The judge reads them: a lost question would be judged without anyone noticing."""
    references = [{"id": "1", "question": "What is 2?", "answer": ["Two.", "2"]}]
    said = [{"id": "1", "answer": "It is two."}]
    base, tuned = (write(tmp_path, name, said) for name in ("b.json", "t.json"))
    files = Files(base, tuned, write(tmp_path, "r.json", references))
    _, read = standalone._read(files, RunSettings())
    (sample,) = read.items
    assert (sample.question, sample.reference, sample.accepted) == ("What is 2?", "Two.", ("2",))
    assert dict(sample.answers) == {"base": "It is two.", "tuned": "It is two."}


def related_files(folder: Path, **fields: list) -> Files:
    """24 questions: the tuned model is right about every second one. `fields` have a value for each reference."""
    words = [chr(97 + number) * 8 for number in range(24)]
    members = [dict(zip(fields, values, strict=True)) for values in zip(*fields.values(), strict=True)]
    references = [
        {"question": f"What is {word}?", "answer": f"A {word}."} | each
        for word, each in zip(words, members, strict=True)
    ]
    said = [{"question": f"What is {word}?", "answer": "None."} for word in words]
    right = [
        each | {"answer": f"A {word}."} if number % 2 else each
        for number, (word, each) in enumerate(zip(words, said, strict=True))
    ]
    return Files(
        *(write(folder, f"{name}.json", records) for name, records in (("b", said), ("t", right), ("r", references)))
    )


def test_questions_of_a_named_field_count_as_one(tmp_path: Path) -> None:
    files = related_files(tmp_path, team=[number // 3 for number in range(24)])
    alone = scored(files, ["exact_match"])
    assert (alone.groups, alone.metrics["exact_match"].comparison.groups, alone.questions[0].group) == (
        None,
        None,
        None,
    )
    assert "groups" not in alone.to_document()
    grouped = scored(
        files, ["exact_match"], tmp_path / "out", load(RunSettings, {"evaluation": {"group_by": "team"}}, "run.yaml")
    )
    assert grouped.groups is not None
    assert (grouped.groups.by, grouped.groups.groups) == ("field", 8)
    comparison = grouped.metrics["exact_match"].comparison
    assert (comparison.n, comparison.groups) == (24, 8)
    assert "of 24 questions from 8 groups." in grouped.verdict.sentence
    assert any(note.startswith("With 24 questions from 8 groups, a true difference") for note in grouped.verdict.notes)
    assert len({record.group for record in grouped.questions}) == 8
    assert grouped.metrics["exact_match"].difference == alone.metrics["exact_match"].difference
    page = (tmp_path / "out" / "index.html").read_text("utf-8")
    assert "24 questions from 8 groups (by the field &#39;team&#39;)" in page
    assert Scores.model_validate_json((tmp_path / "out" / "scores.json").read_bytes()) == grouped


def test_references_from_documents_are_grouped_by_themselves(tmp_path: Path) -> None:
    files = related_files(tmp_path, document_id=[f"{number // 8}.pdf" for number in range(24)])
    scores = scored(files, ["exact_match"])
    assert scores.verdict.value == "undecided"
    assert scores.verdict.sentence.startswith(
        "Undecided: 24 questions from 3 documents cannot show any difference; at least 6 groups are needed, because"
    )
    assert not any("cannot show" in note for note in scores.verdict.notes)
    assert scores.verdict.more_questions == 24


def test_a_group_field_that_no_reference_has_is_an_error(tmp_path: Path) -> None:
    files = related_files(tmp_path, team=[1] * 24)
    with pytest.raises(EvaluationError, match=r"r\.json: no record has a value of the field 'tem'"):
        scored(files, ["exact_match"], settings=load(RunSettings, {"evaluation": {"group_by": "tem"}}, "run.yaml"))


@pytest.mark.parametrize(
    ("origin", "said"),
    [
        ({"document_id": ["a"] * 24}, "1 document only, so the result holds for this one and not for others."),
        (
            {"document_id": ["a", "b"] * 12, "page": list(range(24))},
            "2 documents only, so the result holds for these and not for others.",
        ),
        ({"document_id": ["a", None] * 12}, None),
        ({"document_id": [str(number // 2) for number in range(24)]}, None),
    ],
)
def test_the_verdict_says_that_few_documents_do_not_speak_for_others(
    origin: dict[str, list[object]], said: str | None, tmp_path: Path
) -> None:
    files = related_files(tmp_path, **origin)
    notes = [note for note in scored(files, ["exact_match"]).verdict.notes if "from" in note and "only" in note]
    assert notes == ([f"The questions are from {said}"] if said else [])


def test_references_without_ids_can_be_made_independent(tmp_path: Path) -> None:
    files = related_files(tmp_path, document_id=[f"{number // 8}.pdf" for number in range(24)])
    by_id = load(RunSettings, {"evaluation": {"group_by": "id"}}, "run.yaml")
    scores = scored(files, ["exact_match"], settings=by_id)
    assert scores.groups is None
    assert scores.metrics["exact_match"].comparison.interval is not None


def test_the_report_has_a_table_for_each_field_of_the_slices(tmp_path: Path) -> None:
    topics = ["<b>billing</b>" if number < 16 else "returns" for number in range(22)] + ["legal"] * 2
    files = related_files(tmp_path, topic=topics)
    settings = load(
        RunSettings,
        {
            "evaluation": {"slices": ["topic"], "decides": "exact_match"},
            "gate": {"exact_match": {"not_worse_by": {"than": "base", "margin": 0.1}, "each": "topic"}},
        },
        "run.yaml",
    )
    scores = scored(files, ["exact_match"], tmp_path / "out", settings)
    assert [(part.value, part.questions) for part in scores.slices[0].slices] == [
        ("<b>billing</b>", 16), ("returns", 6), ("legal", 2),
    ]  # fmt: skip
    assert scores.gate is not None
    assert scores.gate.decision == "undecided"
    page = (tmp_path / "out" / "index.html").read_text("utf-8")
    assert "<h3>By topic</h3>" in page
    said = "Exact match in 3 slices by topic: 1 better (&#39;&lt;b&gt;billing&lt;/b&gt;&#39;), 1 undecided, 1 too small"
    assert said in page
    assert "&lt;b&gt;billing&lt;/b&gt;" in page
    assert "<b>billing</b>" not in page
    assert Scores.model_validate_json((tmp_path / "out" / "scores.json").read_bytes()) == scores
