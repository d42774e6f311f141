"""Which evaluation questions are related, and from which fields of the records that is known."""

import json

import pytest

from tests.unit.datasets.memory_files import MemorySink, MemorySource
from tuner import catalog
from tuner.artifacts.dataset import EvaluationQuestion, Message, Origin
from tuner.core.artifact_keys import Keys
from tuner.core.run import DataRole
from tuner.datasets.prepare import Prepared, prepare
from tuner.datasets.question_groups import in_random_order, question_groups
from tuner.datasets.records.origin import origin_of, values_of
from tuner.datasets.records.schemas.context_fields import other_fields
from tuner.settings import RunSettings


def question(number: int, text: str = "", **members: object) -> EvaluationQuestion:
    distinct = f"What does the word {chr(97 + number) * 9} mean?"
    return EvaluationQuestion.model_validate(
        {"id": str(number), "question": text or distinct, "reference": f"Meaning {number}.", **members}
    )


def grouped(questions: list[EvaluationQuestion], group_by: str | None = None) -> list[set[int]]:
    """The groups of more than one question, by the numbers of the questions."""
    _, names = question_groups(questions, group_by)
    together: dict[str, set[int]] = {}
    for key, name in names.items():
        together.setdefault(name, set()).add(int(key))
    return [group for group in together.values() if len(group) > 1]


def test_questions_that_share_nothing_stand_alone() -> None:
    assert question_groups([question(number) for number in range(8)]) == (None, {})


def test_questions_of_one_document_are_a_group() -> None:
    questions = [question(n, origin=Origin(document=f"doc {n // 2}", part=str(n))) for n in range(14)]
    groups, _ = question_groups(questions)
    assert groups is not None
    assert (groups.by, groups.groups, groups.documents) == ("document", 7, None)
    assert groups.sentence.startswith("14 questions from 7 documents: questions of the same group")
    assert grouped(questions)[0] == {0, 1}


def test_questions_of_few_documents_are_grouped_by_their_parts() -> None:
    questions = [question(n, origin=Origin(document=f"doc {n % 2}", part=str(n // 4))) for n in range(24)]
    groups, _ = question_groups(questions)
    assert groups is not None
    assert (groups.by, groups.groups, groups.documents) == ("part", 12, 2)


def test_few_documents_without_parts_stay_few_groups() -> None:
    groups, _ = question_groups([question(n, origin=Origin(document=f"doc {n % 3}")) for n in range(24)])
    assert groups is not None
    assert (groups.by, groups.groups) == ("document", 3)


def test_what_all_questions_have_in_common_groups_nothing() -> None:
    assert question_groups([question(n, origin=Origin(document="manual", passage="f00d")) for n in range(8)])[0] is None


def test_questions_about_one_passage_and_of_one_conversation_are_groups() -> None:
    questions = [question(n, origin=Origin(passage=str(n // 3))) for n in range(9)]
    assert grouped(questions) == [{0, 1, 2}, {3, 4, 5}, {6, 7, 8}]
    questions = [question(n, origin=Origin(conversation=str(n % 4))) for n in range(8)]
    groups, _ = question_groups(questions)
    assert groups is not None
    assert (groups.by, groups.groups) == ("conversation", 4)


def test_groups_are_named_after_the_one_property_that_makes_them() -> None:
    """A field such as `document` is both the document's name and a text that is given with the question."""
    origins = [Origin(document=f"doc {n // 2}", passage=f"{n // 2:04x}") for n in range(14)]
    groups, _ = question_groups([question(n, origin=each) for n, each in enumerate(origins)])
    assert groups is not None
    assert (groups.by, groups.groups) == ("document", 7)


def test_the_name_of_a_document_is_no_passage_so_its_pages_can_be_groups() -> None:
    """`document` can also be a text that belongs to the question: a short one names the document."""
    rows = [{"question": f"What is {n}?", "document": f"doc {n % 3}", "page": n % 9} for n in range(45)]
    origins = [origin_of(row, other_fields(row, ("question",), ())) for row in rows]
    assert origins[4] == Origin(document="doc 1", part="4")
    groups, _ = question_groups([question(n, origin=each) for n, each in enumerate(origins)])
    assert groups is not None
    assert (groups.by, groups.groups, groups.documents) == ("part", 9, 3)
    text = {"question": "What is it?", "document": "A long text. " * 20}
    assert origin_of(text, other_fields(text, ("question",), ())).passage


def test_the_order_of_a_list_of_tags_does_not_count() -> None:
    tags: list[object] = [["b", "a"], ["a", "b"], ["a"], "a", [2, 1.0], [1, 2]]
    found = [values_of({"tags": each}, ["tags"])["tags"] for each in tags]
    assert found == ['["a", "b"]', '["a", "b"]', "a", "a", '["1", "2"]', '["1", "2"]']


def test_conversations_that_begin_alike_are_cuts_of_one() -> None:
    turns = [
        (Message(role="user", text=start), Message(role="assistant", text="Hello."), Message(role="user", text=f"{n}?"))
        for n, start in enumerate(("My router blinks.", "My router blinks!", "I lost my key."))
    ]
    assert grouped([question(n, messages=messages) for n, messages in enumerate(turns)]) == [{0, 1}]


def test_questions_that_nearly_repeat_each_other_are_a_group() -> None:
    texts = [
        "How do I reset my password on the web site?",
        "How do I reset my password on the web site please",
        "How do I close my account?",
    ]
    questions = [question(n, text, reference="Click on the link.") for n, text in enumerate(texts)]
    assert grouped(questions) == [{0, 1}]
    groups, _ = question_groups(questions)
    assert groups is not None
    assert groups.sentence.startswith("3 questions from 2 groups of similar questions:")


def test_what_connects_two_groups_makes_them_one() -> None:
    origins = [Origin(document="a"), Origin(document="a", passage="x"), Origin(document="b", passage="x"), Origin()]
    questions = [question(n, origin=origin) for n, origin in enumerate(origins)]
    groups, _ = question_groups(questions)
    assert groups is not None
    assert grouped(questions) == [{0, 1, 2}]
    assert groups.by == "several"


def test_a_named_field_groups_by_nothing_else() -> None:
    same = Origin(document="a")
    questions = [question(n, origin=same, fields={"team": "ab"[n % 2]} if n < 4 else {}) for n in range(6)]
    groups, _ = question_groups(questions, "team")
    assert groups is not None
    assert (groups.by, groups.field, groups.groups) == ("field", "team", 4)
    assert grouped(questions, "team") == [{0, 2}, {1, 3}]
    assert groups.sentence.startswith("6 questions from 4 groups (by the field 'team'): questions of the same group")
    assert groups.sentence.endswith("2 questions have no value of 'team', so each of them is a group of its own.")
    one_alone, _ = question_groups(questions[:5], "team")
    assert one_alone is not None
    assert one_alone.sentence.endswith("1 question has no value of 'team', so it is a group of its own.")


def test_values_that_are_written_in_two_ways_are_two_groups_and_named() -> None:
    topics = ["Billing", "billing ", "returns", "Billing", "billing "]
    questions = [question(n, fields={"topic": topic}) for n, topic in enumerate(topics)]
    groups, _ = question_groups(questions, "topic")
    assert groups is not None
    assert groups.groups == 3
    assert groups.sentence.endswith(
        " Two groups are by 'Billing' and 'billing', which differ only in case, spaces or punctuation: write them in "
        "one way if they are the same."
    )
    groups, _ = question_groups([questions[0], questions[2], questions[3]], "topic")
    assert groups is not None
    assert groups.alike is None


def test_a_question_of_no_document_is_not_called_a_document() -> None:
    questions = [question(n, origin=Origin(document=f"doc {n // 2}") if n < 12 else Origin()) for n in range(16)]
    groups, _ = question_groups(questions)
    assert groups is not None
    assert (groups.groups, groups.alone) == (10, 4)
    assert groups.sentence.startswith("16 questions from 10 groups:")
    assert groups.sentence.endswith("4 questions have no document, so each of them is a group of its own.")


def test_groups_are_those_of_all_questions_if_only_some_were_asked() -> None:
    questions = [question(n, origin=Origin(document=f"doc {n // 2}") if n < 12 else Origin()) for n in range(16)]
    groups, _ = question_groups(questions, asked={"0", "2", "4", "12"})
    assert groups is not None
    assert (groups.questions, groups.groups, groups.alone) == (4, 4, 1)


def prepared(files: dict, settings: dict | None = None, generated: tuple[DataRole, ...] = ()) -> tuple[Prepared, list]:
    sinks: dict[str, MemorySink] = {}
    sources = {role: MemorySource(f"{role}.jsonl", jsonl(records)) for role, records in files.items()}
    found = prepare(
        sources,
        RunSettings.model_validate(settings or {}),
        catalog.model("amazon.nova-micro-v1:0:128k"),
        lambda name: sinks.setdefault(name, MemorySink()),
        generated,
    )
    lines = (sinks[Keys.EVALUATION].committed or b"").splitlines()
    return found, [EvaluationQuestion.model_validate_json(line) for line in lines]


def jsonl(records: list[dict]) -> bytes:
    return "".join(json.dumps(record) + "\n" for record in records).encode()


GENERATED: tuple[DataRole, ...] = ("validation",)
TRAINING = [{"question": f"What is number {n} of the list?", "answer": f"It is entry {n}."} for n in range(40)]


def test_a_generated_question_knows_its_document_and_does_not_contain_the_passage() -> None:
    pairs = [
        {"question": f"Who is {n}?", "answer": f"He {n}.", "document": "a.md", "place": "part 1", "passage": f"He {n}."}
        for n in range(8)
    ]
    for generated in (GENERATED, ()):  # made by the run, or by `tuner data generate`
        _, questions = prepared({"training": TRAINING, "validation": pairs}, generated=generated)
        assert questions[0].question == "Who is 0?"
        assert questions[0].origin == Origin(document="a.md", part="part 1")


@pytest.mark.parametrize("role", ["evaluation", "validation", "training"])
def test_evaluation_questions_keep_the_named_fields_of_their_records(role: str) -> None:
    asked = [{"question": f"Who is {n}?", "answer": f"He {n}.", "team": n % 3, "file_name": "b"} for n in range(40)]
    files = {"training": TRAINING} | {role: asked}
    _, questions = prepared(files, {"evaluation": {"group_by": "team"}})
    assert questions
    assert {each.fields["team"] for each in questions} <= {"0", "1", "2"}
    assert questions[0].origin == Origin(document="b")


def test_a_field_that_no_record_has_is_an_error() -> None:
    found, _ = prepared({"training": TRAINING, "evaluation": [{"question": "Who?", "answer": "He."}]}, {})
    assert not found.findings.errors
    settings = {"evaluation": {"group_by": "team"}}
    found, _ = prepared({"training": TRAINING, "evaluation": [{"question": "Who?", "answer": "He."}]}, settings)
    assert [str(finding) for finding in found.findings.kept if finding.rule == "missing-field"] == [
        "run.yaml, field 'evaluation.group_by': no record of evaluation.jsonl has a value of the field 'team'. "
        "Name a field of the records, or remove it from the setting."
    ]


def test_every_question_is_independent_by_its_id_also_where_records_have_none() -> None:
    asked = [{"question": f"Who is {n}?", "answer": f"He {n}.", "file_name": f"{n % 3}.pdf"} for n in range(12)]
    found, _ = prepared({"training": TRAINING, "evaluation": asked}, {"evaluation": {"group_by": "id"}})
    assert not found.findings.errors
    assert found.summary.groups is None


def test_fields_that_group_and_slice_the_questions_are_not_called_left_out() -> None:
    asked = [{"question": f"Who is {n}?", "answer": f"He {n}.", "file_name": f"{n}", "pier zone": n} for n in range(12)]
    files = {"training": [each | {"pier zone": 1} for each in TRAINING], "evaluation": asked}
    found, _ = prepared(files, {"evaluation": {"slices": ["pier zone"]}})
    assert {each.role: (each.fields, each.left_out) for each in found.summary.files} == {
        "training": ({"prompt": "question", "completion": "answer"}, ("pier zone",)),
        "evaluation": (
            {"prompt": "question", "completion": "answer", "origin": "file_name", "groups or slices": "pier zone"},
            (),
        ),
    }
    assert [finding.file for finding in found.findings.kept if finding.rule == "left-out-field"] == ["training.jsonl"]


def test_a_dataset_with_too_few_groups_gets_a_warning() -> None:
    asked = [{"question": f"Who is {n}?", "answer": f"He {n}.", "file_name": f"{n % 3}.pdf"} for n in range(12)]
    found, _ = prepared({"training": TRAINING, "evaluation": asked})
    assert found.summary.groups is not None
    assert (found.summary.groups.by, found.summary.groups.groups) == ("document", 3)
    (warning,) = [finding for finding in found.findings.kept if finding.rule == "few-groups"]
    assert "12 questions from 3 documents" in warning.message
    found, _ = prepared({"training": TRAINING, "evaluation": [each | {"file_name": each["answer"]} for each in asked]})
    assert found.summary.groups is None
    assert "few-groups" not in found.findings.counts


def test_the_random_order_keeps_groups_together_and_depends_on_the_seed() -> None:
    asked = [question(number, fields={"team": f"{number % 7}"}) for number in range(21)]
    orders = [[int(each.id) for each in in_random_order(asked, "team", seed)] for seed in (0, 0, 1)]
    assert orders[0] == orders[1] != orders[2]
    assert sorted(orders[0]) == list(range(21))
    for order in orders:
        teams = [number % 7 for number in order]
        assert all(len(set(teams[start : start + 3])) == 1 for start in range(0, 21, 3))
        assert all(order[start : start + 3] == sorted(order[start : start + 3]) for start in range(0, 21, 3))
    # Not the order of the first ones: over the seeds, each group comes first about equally often.
    first = [int(in_random_order(asked, "team", seed)[0].id) % 7 for seed in range(210)]
    assert all(10 <= first.count(team) <= 55 for team in range(7))
