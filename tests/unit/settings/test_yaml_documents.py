"""Settings documents that attack: each is a SettingsError with a short message, in a short time."""

import json
import time
from collections.abc import Iterator, Mapping
from typing import Any, get_args, get_origin

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import BaseModel

from tests.examples import examples
from tuner.core.errors import DatasetError, RunRefusedError, SettingsError
from tuner.core.strict_model import StrictModel, accepted_types, read_from_artifact
from tuner.intake.line_numbers import with_lines
from tuner.intake.resolved_settings import resolve
from tuner.settings import DeploymentSettings, RunSettings, deployment_settings, load, parse_document, read_document
from tuner.settings.yaml_documents import DEEPEST, MOST_BYTES, MOST_ENTRIES, key_lines

MOST_BYTES_OF_A_MESSAGE = 2000
DEPLOYMENT = deployment_settings({})


def refusal(data: bytes, name: str = "run.yaml") -> str:
    """What the pin step says about a document."""
    with pytest.raises(RunRefusedError) as caught:
        document = parse_document(data, name)
        try:
            resolve(document, DEPLOYMENT, name)
        except RunRefusedError as error:
            raise with_lines(error, name, data.decode("utf-8-sig")) from error
    assert len(str(caught.value).encode()) <= MOST_BYTES_OF_A_MESSAGE
    return str(caught.value)


_BOMB = "a: &a [x, x, x, x, x, x, x, x, x]\n" + "".join(
    f"{chr(98 + n)}: &{chr(98 + n)} [{', '.join(f'*{chr(97 + n)}' for _ in range(9))}]\n" for n in range(20)
)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("a: &a {b: *a}", "line 1: cannot be parsed: anchors (&) and aliases (*) are not allowed"),
        ("serving: none\n\nb: *a", "line 3: cannot be parsed: anchors (&) and aliases (*) are not allowed"),
        (_BOMB, "line 1: cannot be parsed: anchors (&) and aliases"),
        ("a: !!python/object:os.system x", "tags (!) are not allowed"),
        ("a: !!binary eA==", "tags (!) are not allowed"),
        ("a: !!set {x}", "tags (!) are not allowed"),
        ("judge: !!str x", "tags (!) are not allowed"),
        ("<<: {serving: none}", "<<: there is no such key"),
        ("a: 1\n? [b]\n: 2", "line 2: cannot be parsed: the key of this mapping is not text"),
        ("gate:\n  1: {at_least: 1}", "line 2: cannot be parsed: the key '1' is not text; put it between"),
        ("true: 1", "the key 'true' is not text"),
        ("budget_usd: .inf", "line 1: cannot be parsed: .inf is not a finite number"),
        ("budget_usd: .nan", ".nan is not a finite number"),
        ("budget_usd: 1.0e+999", "1.0e+999 is not a finite number"),
        ("gate: {correctness: {at_least: -.Inf}}", "-.Inf is not a finite number"),
        ("model_units: " + "9" * 100_000, "the number is too large"),
        ("evaluation: {seed: " + "9" * 300 + "}", "evaluation.seed: is too large a number"),
        ("break_even: {question_tokens: 1e300}", "break_even.question_tokens: is too large a number"),
        ("break_even: {hours_per_month: 1e-300}", "is too small a number: write 0, or at least 0.000000001"),
        ("evaluation: {stop_early: 1}", "evaluation.stop_early: must be true or false"),
        ("budget_usd: -1e-10", "budget_usd: is too small a number"),
        ("model_units: " + ":".join(["59"] * 30_000), "model_units: must be a whole number"),
        ("model_units: 0x" + "f" * 100_000, "model_units: must be a whole number"),
        ('system_prompt: "\\ud800"', "system_prompt: has half of a character"),
        ('system_prompt: "\\U99999999"', "cannot be parsed"),
        ("a: b\0", "line 1: cannot be parsed: there is a control character"),
        ("x: 1\n" * 2, "line 2: cannot be parsed: the key 'x' is given twice"),
        ("k" * 1000 + ": 1", "there is no such key"),
        (f"base_model: {'x' * 100_000}", "base_model"),
        (f"judge: {{model: {'x' * 100_000}}}", "judge.model"),
        (f"hyperparameters: {{epochCount: {'x' * 100_000}}}", "hyperparameters.epochCount"),
        (f"evaluation: {{metrics: [{'x' * 100_000}]}}", "evaluation.metrics"),
        (f"gate: {{{'x' * 1000}: {{at_least: 1}}}}", "gate"),
        ("".join(f"k{n}: 1\n" for n in range(2000)), " more. Correct these first."),
        ("".join(f"k{n}: 1\n" for n in range(20_000)), ""),
        ("\n".join(f"{'  ' * n}a:" for n in range(300)), "nested too deeply"),
        ("- " * 50_000, "nested too deeply"),
        ("? " * 50_000, "nested too deeply"),
        ("{" * 60_000, ""),
        ("a: " + "[" * 60_000, ""),
        ("a: " + "[\n" * 60_000, "nested too deeply"),
        ("a: " + "{? " * 30_000, ""),
        ("labels: [" + "a, " * 40_000 + "]", f"there are more than {MOST_ENTRIES:,} keys and values"),
        ("%YAML " + "9" * 10_000 + ".1\n---\na: 1", "cannot be parsed"),
        ("--- a: 1\n--- b", "cannot be parsed"),
        ('"' + "a\n" * 60_000, "cannot be parsed"),
        ("a: |" + "9" * 5_000, "cannot be parsed"),
        ("\ta: 1", "cannot be parsed"),
    ],
    ids=lambda value: value[:40] if isinstance(value, str) else None,
)  # fmt: skip
@pytest.mark.thorough
def test_a_hostile_document_is_refused_at_once(text: str, said: str) -> None:
    begin = time.process_time()
    assert said in refusal(text.encode())
    assert time.process_time() - begin < 10, "the limits bound the time"


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ('{"a": 1, "a": 2}', "the key 'a' is given twice"),
        ('{"budget_usd": NaN}', "NaN is not a finite number"),
        ('{"budget_usd": 1e999}', "budget_usd: must be a finite number"),
        ('{"budget_usd": Infinity}', "Infinity is not a finite number"),
        ('{"model_units": ' + "9" * 10_000 + "}", "a number is too large"),
        ('{"model_units": ' + "9" * 300 + "}", "is too large a number"),
        ('{"a": ' * 10_000, "nested too deeply"),
        ('{"a": ' * 100 + "1" + "}" * 100, "nested too deeply"),
        ('{"system_prompt": "\\ud800"}', "half of a character"),
        (json.dumps({f"k{n}": 1 for n in range(8_000)}), f"more than {MOST_ENTRIES:,} keys and values"),
    ],
    ids=lambda value: value[:40],
)
def test_a_hostile_json_document_is_refused_too(text: str, said: str) -> None:
    assert said in refusal(text.encode(), "run.json")


def test_a_document_that_is_not_utf_8_names_the_line() -> None:
    assert refusal(b"serving: none\nsystem_prompt: gr\xfcn") == (
        "run.yaml, line 2: byte 31 of the file is not UTF-8. Save the file as UTF-8."
    )


def test_a_document_is_read_no_further_than_to_its_limit() -> None:
    def endless() -> Iterator[bytes]:
        while True:
            yield b"#" * 1000

    assert "is longer than 128 KiB" in refusal(read_document(endless()))
    assert parse_document(b"#" * MOST_BYTES, "run.yaml") == {}


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("x: yes", "yes"), ("x: on", "on"), ("x: true", True), ("x: False", False), ("x: ~", None), ("x:", None),
        ("x: 010", 10), ("x: -7", -7), ("x: 1e-5", 1e-5), ("x: 5.", 5.0), ("x: .5", 0.5), ("x: 12:30", "12:30"),
        ("x: 1_000", "1_000"), ("x: 2024-01-01", "2024-01-01"), ("x: 0x1F", "0x1F"), ("x: '5'", "5"),
        ("x: [a, 1]", ["a", 1]), ("x: |\n  two\n  lines\n", "two\nlines\n"), ("x: =", "="),
    ],
)  # fmt: skip
def test_values_are_those_of_yamls_core_schema(text: str, value: object) -> None:
    (found,) = parse_document(text.encode(), "run.yaml").values()
    assert found == value and type(found) is type(value)


_TEXT = st.text(st.characters(exclude_categories=["Cs", "Cc"], exclude_characters="\ufffe\uffff\ufeff"), max_size=20)
_JSON_VALUES = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**63) + 1, 2**63 - 1)
    | st.floats(1e-9, 2**63 - 2**10)
    | st.floats(-(2**63) + 2**10, -1e-9)
    | st.just(0.0)
    | _TEXT,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(_TEXT, inner, max_size=4),
    max_leaves=12,
)


@pytest.mark.slow
@given(st.dictionaries(st.sampled_from([*RunSettings.model_fields, "x", "a\nb", "\u202e"]), _JSON_VALUES, max_size=6))
def test_any_document_is_read_or_refused_with_a_short_message(document: dict[str, Any]) -> None:
    data = json.dumps(document).encode()
    try:
        assert parse_document(data, "run.json") == document
        read = load(RunSettings, document, "run.json")
        assert read_from_artifact(RunSettings, json.loads(read.model_dump_json())) == read
    except SettingsError as error:
        assert 0 < len(str(error).encode()) <= MOST_BYTES_OF_A_MESSAGE
    try:
        deployment_settings(document)
    except SettingsError as error:
        assert 0 < len(str(error).encode()) <= MOST_BYTES_OF_A_MESSAGE


@settings(max_examples=examples(20))
@given(st.dictionaries(_TEXT, _JSON_VALUES, max_size=3))
def test_json_is_read_as_yaml_too(document: dict[str, Any]) -> None:
    assert parse_document(json.dumps(document, ensure_ascii=False).encode(), "run.yaml") == document


_SIGNS = [
    "a",
    "serving",
    ":",
    "-",
    "?",
    "&a",
    "*a",
    "!!int",
    "|",
    ">",
    "'",
    '"',
    "{",
    "}",
    "[",
    "]",
    ",",
    "#",
    "%",
    "---",
    "...",
    "<<",
    "0",
    "1e9",
    ".inf",
    "\\",
    "@",
    "`",
    "~",
]
_SIGNS += [" ", "  ", "\n", "\t", "\0", "\u2028", "\ufeff", "- ", ": ", "? "]


@given(st.lists(st.sampled_from(_SIGNS), max_size=40).map("".join))
def test_any_combination_of_yamls_signs_is_read_or_refused(text: str) -> None:
    try:
        resolve(parse_document(text.encode(), "run.yaml"), DEPLOYMENT)
    except RunRefusedError as error:
        assert len(str(with_lines(error, "run.yaml", text)).encode()) <= MOST_BYTES_OF_A_MESSAGE


@given(st.binary(max_size=200))
def test_any_bytes_are_read_or_refused(data: bytes) -> None:
    for name in ("run.yaml", "run.json"):
        try:
            parse_document(data, name)
        except SettingsError as error:
            assert len(str(error).encode()) <= MOST_BYTES_OF_A_MESSAGE


def test_the_deepest_document_is_read() -> None:
    text = "{a: " * (DEEPEST - 1) + "1" + "}" * (DEEPEST - 1)
    assert parse_document(f"a: {text}".encode(), "run.yaml")
    assert key_lines(f"a: {text}")[".".join("a" * DEEPEST)] == 1
    with pytest.raises(SettingsError, match="nested too deeply"):
        parse_document(f"a: {{a: {text}}}".encode(), "run.yaml")


@pytest.mark.parametrize("value", ["[" * 100_000, "9" * 10_000, "[" * 40 + "]" * 40, '[{"usd": Infinity}]'])
def test_hostile_values_on_the_cdks_command_line_are_refused(value: str) -> None:
    with pytest.raises(SettingsError) as caught:
        deployment_settings({"prices": value})
    assert len(str(caught.value)) <= MOST_BYTES_OF_A_MESSAGE


def test_every_refusal_of_a_run_is_short() -> None:
    assert len(str(SettingsError("ü" * 5000)).encode()) <= MOST_BYTES_OF_A_MESSAGE
    assert len(str(DatasetError("ü" * 50_000)).encode()) <= DatasetError.MOST_BYTES
    assert str(SettingsError("short")) == "short"


# A value of the wrong type for every number of the settings.


def numbers(annotation: Any, path: tuple[str, ...]) -> Iterator[tuple[tuple[str, ...], Any]]:
    """The place of every number that a key takes, also in groups, lists and mappings."""
    for kind in get_args(annotation) if get_origin(annotation) not in (tuple, dict) else ():
        if isinstance(kind, type) and issubclass(kind, BaseModel):
            annotation = kind
    origin, inner = get_origin(annotation), get_args(annotation)
    if isinstance(annotation, type) and issubclass(annotation, StrictModel):
        for name, field in annotation.model_fields.items():
            yield from numbers(field.annotation, (*path, name))
    elif origin is tuple:
        yield from numbers(inner[0], (*path, "[]"))
    elif origin is not None and isinstance(origin, type) and issubclass(origin, Mapping):
        yield from numbers(inner[1], (*path, "{}"))
    elif accepted_types(annotation) & {int, float}:
        yield path, accepted_types(annotation)


def document(path: tuple[str, ...], value: Any) -> Any:
    if not path:
        return value
    head, rest = path[0], document(path[1:], value)
    return [rest] if head == "[]" else {"x" if head == "{}" else head: rest}


def test_booleans_and_texts_are_no_numbers_anywhere() -> None:
    kinds: tuple[type[StrictModel], ...] = (RunSettings, DeploymentSettings)
    found = [(model, entry) for model in kinds for entry in numbers(model, ())]
    assert len(found) > 40
    for model, (path, taken) in found:
        for value in (True, "1"):
            if type(value) in taken:
                continue
            with pytest.raises(SettingsError) as caught:
                load(model, document(path, value), "settings")
            assert "number" in str(caught.value), (path, value)


@pytest.mark.parametrize("rule", [{}, {"at_least": None}, {"at_least": None, "at_most": None, "better_than": None}])
def test_a_gate_rule_that_asks_nothing_is_refused(rule: dict[str, Any]) -> None:
    with pytest.raises(SettingsError, match=r"gate\.correctness: has no condition"):
        load(RunSettings, {"gate": {"correctness": rule}}, "run.yaml")


_SCORER: Any = {"name": "own", "range": [0, 5], "measures": {"words": {"better": "lower", "range": [10, 90]}}}


@pytest.mark.parametrize(
    ("measure", "rule", "words"),
    [
        (
            "correctness",
            {"at_least": 1},
            "correctness.at_least: values of correctness are from 1 to 10, so every model",
        ),
        ("correctness", {"at_least": -3, "better_than": "base"}, "so every model meets it"),
        ("correctness", {"at_least": 10.5}, "so no model can meet it"),
        ("correctness", {"at_most": 10}, "so every model meets it"),
        ("correctness", {"at_most": 0.9}, "so no model can meet it"),
        ("correctness", {"at_least": 8, "at_most": 7}, "at_least is above at_most"),
        ("correctness", {"not_worse_by": {"than": "base", "margin": 9}}, "correctness.not_worse_by.margin: values"),
        ("rouge_1", {"at_least": 0}, "from 0 to 1, so every model"),
        ("bleu", {"at_least": 101}, "from 0 to 100, so no model"),
        ("style_refusal", {"at_most": 1}, "from 0 to 1, so every model"),
        ("field.total", {"at_least": 0}, "from 0 to 1, so every model"),
        ("scorer", {"at_least": 0}, "from 0 to 5, so every model"),
        ("scorer.words", {"at_most": 90}, "from 10 to 90, so every model"),
    ],
)
def test_a_gate_rule_that_every_model_meets_or_none_can_meet_is_refused(
    measure: str, rule: dict[str, Any], words: str
) -> None:
    settings: Any = {"gate": {measure: rule}, "scorer": _SCORER}
    with pytest.raises(SettingsError) as error:
        load(RunSettings, settings, "run.yaml")
    assert words in str(error.value)


@pytest.mark.parametrize(
    ("measure", "rule"),
    [
        ("correctness", {"at_least": 10}),
        ("correctness", {"at_most": 1}),
        ("correctness", {"at_least": 7, "at_most": 7}),
        ("correctness", {"not_worse_by": {"than": "base", "margin": 8.9}}),
        ("style_words", {"at_most": 90}),
        ("scorer.unknown", {"at_least": -5}),
        ("scorer", {"at_least": 5}),
    ],
)
def test_a_gate_rule_at_the_end_of_the_range_asks_something(measure: str, rule: dict[str, Any]) -> None:
    load(RunSettings, {"gate": {measure: rule}, "scorer": _SCORER}, "run.yaml")
