"""The profile of a dataset: duplicates, leakage, coverage, style and secrets, without false findings."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.unit.datasets.memory_files import NOVA, jsonl

SUBJECTS = [
    "whales", "glaciers", "trumpets", "magnets", "volcanoes", "spiders", "bridges", "clocks", "deserts", "engines",
    "forests", "galaxies", "harbours", "islands", "jungles", "kettles", "lanterns", "mirrors", "needles", "orchids",
]  # fmt: skip


def record(subject: str, number: int = 0) -> dict[str, str]:
    """Records that share few words with each other."""
    ways = ["How large are", "Where does one find", "Who studies", "What harms", "Which colours have"]
    answers = [
        f"Some {subject} reach the size of a house, though most stay small.",
        f"One meets {subject} along northern coasts and in a few museums.",
        f"Scholars in Vienna founded a society for {subject} long ago.",
        f"Frost and careless visitors damage {subject} every winter.",
        f"Grey and green {subject} outnumber those of any brighter shade.",
    ]
    return {"question": f"{ways[number]} {subject}?", "answer": answers[number]}


TRAINING = [record(subject, number) for subject in SUBJECTS for number in range(5)]
VALIDATION = [{"question": "Why do comets have tails?", "answer": "Sunlight drives dust away from the ice."}]
EVALUATION = [
    {"question": "Are whales heavy?", "answer": "Adult whales weigh more than lorries."},
    {"question": "Can spiders swim?", "answer": "A few spiders dive and carry air along."},
    {"question": "Do clocks need oil?", "answer": "Old clocks do; quartz ones never."},
]


@pytest.fixture
def profile(run):
    def _profile(training=(), validation=VALIDATION, evaluation=EVALUATION, more=TRAINING, **settings):
        files = {
            "training.jsonl": jsonl([*more, *training]),
            "validation.jsonl": jsonl(list(validation)),
            "evaluation.jsonl": jsonl(list(evaluation)),
        }
        return run(files, NOVA, chunk=2**16, **settings).prepared

    return _profile


def rules(prepared) -> list[tuple[str, str, int | None]]:
    return [(finding.rule, finding.file, finding.line) for finding in prepared.findings.kept]


def test_a_good_dataset_has_no_findings(profile):
    assert rules(profile()) == []


def test_an_exact_duplicate(profile):
    prepared = profile([record("whales", 2)])
    assert rules(prepared) == [("duplicate", "training.jsonl", 101)]
    assert "repeats training.jsonl, line 3" in prepared.findings.kept[0].message


def test_a_near_duplicate(profile):
    long = " ".join(f"word{number}" for number in range(60))
    prepared = profile([{"question": "Long?", "answer": long}, {"question": "Long?", "answer": long + " more."}])
    assert ("answers-differ", "training.jsonl", 102) in rules(prepared)
    other = profile([{"question": "Long?", "answer": long}, {"question": "Long words?", "answer": long}])
    assert rules(other) == [("near-duplicate", "training.jsonl", 102)]


def test_the_same_question_with_different_answers(profile):
    prepared = profile([{**record("whales", 2), "answer": "Nobody does any more, alas."}])
    assert rules(prepared) == [("answers-differ", "training.jsonl", 101)]


@pytest.mark.parametrize(
    "question", [record("whales", 2), {"question": "WHO studies whales", "answer": "Somebody else entirely does."}]
)
def test_leakage_into_evaluation_is_refused(profile, question):
    prepared = profile(evaluation=[*EVALUATION, question])
    [finding] = prepared.findings.kept
    assert (finding.rule, finding.severity, finding.file, finding.line) == ("leakage", "error", "evaluation.jsonl", 4)
    assert "training.jsonl, line 3" in finding.message
    assert "evaluation.leakage" in finding.remedy


def test_near_leakage_into_evaluation_is_refused(profile):
    long = " ".join(f"word{number}" for number in range(60))
    evaluation = [*EVALUATION, {"question": "What about long words then?", "answer": long}]
    prepared = profile([{"question": "What about long words?", "answer": long}], evaluation=evaluation)
    assert ("leakage", "evaluation.jsonl", 4) in rules(prepared)


def test_leakage_can_be_allowed(run):
    files = {
        "training.jsonl": jsonl(TRAINING),
        "validation.jsonl": jsonl(VALIDATION),
        "evaluation.jsonl": jsonl([*EVALUATION, record("whales", 2)]),
    }
    outcome = run(files, NOVA, chunk=2**16, evaluation={"leakage": "warn"})
    assert [(finding.rule, finding.severity) for finding in outcome.prepared.findings.kept] == [("leakage", "warning")]
    assert len(outcome.evaluation) == 4


def test_leakage_into_validation_is_a_warning(profile):
    prepared = profile(validation=[*VALIDATION, record("spiders", 1)])
    assert [(finding.rule, finding.severity) for finding in prepared.findings.kept] == [("leakage", "warning")]


def test_questions_of_the_validation_data_are_a_warning_that_counts_and_names_them(profile):
    again = {"question": "why do comets have tails", "answer": "Nobody knows."}
    prepared = profile(evaluation=[*EVALUATION, again])
    [finding] = [each for each in prepared.findings.kept if each.rule == "leakage"]
    assert (finding.severity, finding.line) == ("warning", 4)
    assert "asks the question of validation.jsonl, line 1: 'why do comets have tails'." in finding.message
    shared = prepared.summary.study.shared_with_validation
    assert (shared.count, shared.of, shared.questions) == (1, 4, ("why do comets have tails",))
    assert shared.sentence.startswith("1 of 4 evaluation questions is in the validation data too")
    assert profile().summary.study.shared_with_validation is None


def test_a_question_of_training_and_validation_data_is_refused(profile):
    prepared = profile([*VALIDATION], evaluation=[*EVALUATION, *VALIDATION])
    assert ("error", "leakage", 4) in [(each.severity, each.rule, each.line) for each in prepared.findings.kept]


def test_a_question_with_a_secret_is_counted_and_not_named(profile):
    secret = {"question": "Does AKIAIOSFODNN7EXAMPLQ open it?", "answer": "It does."}
    prepared = profile(validation=[*VALIDATION, secret], evaluation=[*EVALUATION, secret])
    assert prepared.summary.study.shared_with_validation.model_dump() == {"count": 1, "of": 4, "questions": ()}
    assert "AKIA" not in prepared.findings.artifact().model_dump_json()


def test_coverage_names_the_subject_and_the_counts(profile):
    lonely = {"question": "How do agents act?", "answer": "Agents call functions in turn."}
    asked = {"question": "What are agents?", "answer": "Agents plan steps and carry them out."}
    prepared = profile([lonely], evaluation=[*EVALUATION, asked])
    [finding] = prepared.findings.kept
    assert (finding.rule, finding.severity, finding.line) == ("coverage", "warning", 4)
    assert finding.message == "1 of 101 training records mention 'agent'; the median of all questions is 5."
    assert prepared.summary.study.coverage[0].model_dump(mode="json") == {
        "question": "What are agents?",
        "subject": ["agent"],
        "records": 1,
        "mentions": 2,
    }


def test_a_single_record_is_too_few_if_other_questions_have_more(profile):
    subjects = ["knowledge bases", "guardrails", "pricing", "quotas"]
    training = [
        {"question": f"Which fact {n} concerns {subject}?", "answer": f"For {subject} the figure {n * 37} is noted."}
        for subject in subjects
        for n in range(21)
    ]
    training.append({"question": "How do Agents act?", "answer": "Agents call functions in turn."})
    asked = [
        {"question": f"What are {subject}?", "answer": f"Here {subject} are told of."}
        for subject in [*subjects, "Agents"]
    ]
    prepared = profile(more=training, evaluation=asked)
    assert prepared.summary.training_records == 85
    found = [(finding.severity, finding.line, finding.message) for finding in prepared.findings.kept]
    assert found == [("warning", 5, "1 of 85 training records mention 'agent'; the median of all questions is 21.")]
    covered = {entry.question: entry for entry in prepared.summary.study.coverage}
    assert covered["What are Agents?"].model_dump(mode="json") == {
        "question": "What are Agents?", "subject": ["agent"], "records": 1, "mentions": 2
    }  # fmt: skip
    assert min(entry.records for name, entry in covered.items() if "Agents" not in name) >= 7


def test_coverage_in_japanese(profile):
    training = [{"question": f"エージェントは何個ですか {n}", "answer": f"番号{n}の説明です。"} for n in range(1)]
    asked = {"question": "エージェントとは何ですか", "answer": "エージェントは計画します。"}
    prepared = profile(training, evaluation=[*EVALUATION, asked])
    assert [finding.rule for finding in prepared.findings.kept] == ["coverage"]
    assert "1 of 101 training records mention 'エージェント'" in prepared.findings.kept[0].message


def test_refusals(profile):
    prepared = profile([{"question": "Who won?", "answer": "As an AI language model, I cannot know that."}])
    assert rules(prepared) == [("refusal", "training.jsonl", 101)]


def test_answers_with_the_same_opening(profile):
    alike = [{"question": f"Who is {subject}?", "answer": f"Sure, here is {subject} it."} for subject in SUBJECTS]
    varied = [{**pair, "answer": f"Sure, here is {pair['answer']}"} for pair in TRAINING]
    assert "openings-alike" in {rule for rule, _, _ in rules(profile(alike, more=varied))}
    assert "openings-alike" not in {rule for rule, _, _ in rules(profile(alike))}


@pytest.mark.parametrize(
    ("text", "rule"),
    [
        ("Use AKIAIOSFODNN7EXAMPLF for it.", "secret"),
        ("-----BEGIN RSA PRIVATE KEY-----", "secret"),
        ("Write to jane.doe@contoso.com at once.", "personal-data"),
        ("Pay with 4111 1111 1111 1111 today.", "personal-data"),
        ("Ring +44 20 7946 0958 tonight.", "personal-data"),
        ("Ring (212) 688-0187 tonight.", "personal-data"),
        ("電話は03-3581-4321です。", "personal-data"),
        ("Send it to DE89 3704 0044 0532 0130 00.", "personal-data"),
        ("The number is 536-90-4399.", "personal-data"),
    ],
)
def test_secrets_and_personal_data_are_reported_and_not_shown(profile, text, rule):
    prepared = profile([{"question": "How so?", "answer": text}])
    assert rules(prepared) == [(rule, "training.jsonl", 101)]
    shown = prepared.findings.artifact().model_dump_json()
    assert not any(
        part in shown for part in ("AKIA", "RSA PRIVATE", "contoso", "4111", "7946", "688", "3581", "DE89", "536-")
    )


@pytest.mark.parametrize(
    "text",
    [
        "Write to me@example.com.",
        "The number 4111 1111 1111 1112.",
        "Ask @someone.",
        "Ring (212) 555-0187 tonight.",
        "Ring 1-800-692-7753 tonight.",
        "From 2023-01-15 to 2023-02-20, or 2019 2020 2021 2022.",
        "ISBN 978-3-16-148410-0, 192.168.100.200, 1,000,000, $1.500.000,00",
        "The account 123456789012 has 0123456789 at 37.7749, -122.4194.",
        "GB33 BUKB 2020 1555 5555 56 and 078-05-1120 are none.",
        "Open https://user:{{password}}@db.example.com/ then.",
    ],
)
def test_example_values_are_not_personal_data(profile, text):
    assert rules(profile([{"question": "How so?", "answer": text}])) == []


def test_a_secret_is_not_in_the_summary_or_the_findings(profile):
    secret = "AKIAIOSFODNN7EXAMPLQ"
    asked = [*EVALUATION, {"question": f"Does {secret} open it?", "answer": f"{secret} does."}]
    training = [*TRAINING, {"question": f"{secret}?", "answer": f"{secret} opens the cellar."}]
    prepared = profile(training, evaluation=asked)
    told = (prepared.summary.model_dump_json() + prepared.findings.artifact().model_dump_json()).casefold()
    assert secret.casefold() not in told
    assert prepared.findings.counts["secret"] == 4
    assert len(prepared.summary.study.coverage) == 4


def test_lengths_languages_and_lists_are_summarised(profile):
    french = [
        {"question": "Où est la gare de Lyon ?", "answer": "Elle se trouve à Paris, près de la Seine.\n- une\n- deux"}
    ]
    summary = profile(french).summary.study.training
    assert summary.languages["fr"] == 1
    assert summary.records == 101
    assert summary.answers_with_lists == round(1 / 101, 3)
    assert summary.prompt_tokens.smallest <= summary.prompt_tokens.median


def test_near_duplicates_stay_on_one_side_of_the_split(run):
    bodies = [" ".join(f"w{subject}{n}" for n in range(40)) for subject in SUBJECTS]
    twins = [
        {"question": f"About {subject}{twin}?", "answer": body}
        for subject, body in zip(SUBJECTS, bodies, strict=True)
        for twin in ("", " now", " then")
    ]
    outcome = run({"training.jsonl": jsonl(twins)}, NOVA, chunk=2**16, validation={"fraction": 0.4})
    held = [line["messages"][1]["content"][0]["text"] for line in outcome.validation]
    kept = [line["messages"][1]["content"][0]["text"] for line in outcome.training]
    assert held
    assert not set(held) & set(kept)


@pytest.mark.slow
def test_the_example_is_ready(run):
    folder = Path(__file__).parents[4] / "examples/bedrock-faq"
    files = {path.name: path.read_bytes() for path in folder.iterdir() if path.suffix in (".json", ".jsonl", ".csv")}
    prepared = run(files, NOVA, chunk=2**16).prepared
    assert [str(finding) for finding in prepared.findings.kept] == []
    assert min(entry.records for entry in prepared.summary.study.coverage) >= 5
