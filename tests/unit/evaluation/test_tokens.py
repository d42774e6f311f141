"""The tokens that all measures compare: different answers differ in every script, and prose is compared as words."""

import json
import unicodedata
from itertools import pairwise

import pytest
from hypothesis import assume, example, given
from hypothesis import strategies as st

from tests.unit.evaluation.conftest import make_item
from tests.unit.evaluation.squad_figures import DIFFERENT, FIGURES, SAME
from tuner.artifacts.dataset import EvaluationQuestion
from tuner.core.text_sanitizer import is_blank
from tuner.evaluation.grading.graded_items import match
from tuner.evaluation.metric_language import detect
from tuner.evaluation.metrics import ScoringContext, all_metrics
from tuner.evaluation.tokens import (
    _ASCII_SEGMENT,
    _unicode_tokens,
    _without_prose_punctuation,
    placed_tokens,
    tokens,
)

# Pairs of different words that share their letters, or nearly so: (script, language, one, other).
MINIMAL_PAIRS = [
    ("Devanagari", "hi", "दिन", "दान"),
    ("Devanagari", "hi", "की", "का"),
    ("Bengali", "bn", "দিন", "দান"),
    ("Tamil", "ta", "கல்", "கால்"),
    ("Telugu", "te", "కల", "కాలు"),
    ("Malayalam", "ml", "കല", "കാല"),
    ("Sinhala", "si", "මල", "මාල"),
    ("Gujarati", "gu", "દિન", "દાન"),
    ("Thai", "th", "ใกล้", "ไกล"),
    ("Thai", "th", "มา", "ม้า"),
    ("Lao", "lo", "ເສືອ", "ເສື້ອ"),
    ("Khmer", "km", "ទឹក", "ទុក"),
    ("Burmese", "my", "လူ", "လာ"),
    ("Tibetan", "bo", "རི", "ར"),
    ("Arabic", "ar", "كِتاب", "كُتّاب"),
    ("Hebrew", "he", "סֵפֶר", "סַפָּר"),
    ("Chinese", "zh", "买", "卖"),
    ("Japanese", "ja", "はし", "ばし"),
    ("Japanese", "ja", "ビル", "ビール"),
    ("Korean", "ko", "불", "풀"),
    ("Greek", "el", "νόμος", "νομός"),
    ("Cyrillic", "ru", "мой", "мои"),
    ("Latin", "es", "año", "ano"),
    ("Latin", "de", "Maße", "Masse"),
    ("Latin", "vi", "ma", "mã"),
]
# Pairs that only a sign, a symbol or a point distinguishes.
SIGNS = [
    *[("-5", "5"), ("−5", "5"), ("+5", "5"), ("±5", "5"), ("~5", "5"), ("5!", "5"), ("5°", "5"), ("5'", '5"')],
    *[("1.5", "15"), ("1.10", "11.0"), ("1,5", "15"), ("5 + 3", "5 - 3"), ("5-3", "53"), ("5/3", "53"), ("3:1", "31")],
    *[
        ("€5", "$5"),
        ("£5", "5"),
        ("50%", "50"),
        ("50%", "50‰"),
        ("x²", "x2"),
        ("x₂", "x2"),
        ("½", "12"),
        ("10³", "103"),
    ],
    *[("C", "C++"), ("C", "C#"), ("C++", "C#"), ("F#", "F"), (".NET", "NET"), ("A+", "A-"), ("A-", "A"), ("A*", "A")],
    *[
        ("==", "="),
        ("==", "==="),
        ("!=", "=="),
        ("<=", "<"),
        ("≤", "<"),
        ("≤", "≥"),
        ("&&", "&"),
        ("||", "|"),
        ("!x", "x"),
    ],
    *[("f'", "f"), ("f()", "f"), ("[1, 2]", "(1, 2)"), ("[]", "{}"), ("] }", "} ]"), ("#1", "1"), ("@a", "a")],
    *[("/etc", "etc"), ("and/or", "and or"), ("*args", "**args"), ("2**3", "2*3"), ("--all", "all"), ("∀x", "∃x")],
    *[
        ("😀", "😡"),
        ("👍🏻", "👍🏿"),
        ("🇩🇪", "🇫🇷"),
        ("→", "←"),
        ("a.b", "ab"),
        ("re-sign", "resign"),
        ("snake_case", "snakecase"),
    ],
    *[(";", ":"), ("?", "!"), ('""', "''"), ("∅", ""), ("٥", "٤"), ("①", "1"), ("-x", "x"), ("x - y", "x + y")],
    *[("name LIKE ?", "name LIKE"), ("n !", "n"), ("ılık", "ilik"), ("a ? b", "a b")],
]
# Ways to write one answer.
EQUAL = [
    *[("Paris.", "paris"), ('"Paris"', "Paris"), ("“Paris”", "Paris"), ("«Paris»", "Paris"), ("**Paris**", "Paris")],
    *[
        ("`x`", "x"),
        ("forty-two", "Forty two"),
        ("it’s", "it's"),
        ("−5", "-5"),
        ("10–20", "10-20"),
        ("e\u0301te", "éte"),
    ],
    *[("Ｂｅｄｒｏｃｋ", "bedrock"), ("１，０００", "1,000"), ("ﬁne", "fine"), ("ﻣﺮﺣﺒﺎ", "مرحبا"), ("ｶﾞｽ", "ガス")],
    *[
        ("东京。", "东京"),
        ("「東京」", "東京"),
        ("東京（日本）", "東京日本"),
        ("答案是**东京**。", "答案是东京"),
        ("कल।", "कल"),
    ],
    *[
        ("कल।", "कल"),
        ("e\u0301te", "éte"),
        ("كيف؟", "كيف"),
        ("co\u00adoperate", "cooperate"),
        ("\u200fשלום\u200f", "שלום"),
    ],
    *[("¿Qué?", "Qué"), ("列奥纳多·达·芬奇", "列奥纳多达芬奇"), ("Ναι·", "ναι"), ("Ναι;", "ναι")],
    *[("❤️", "❤"), ("a\u200bb", "a b")],
    *[("- one\n- two", "one two"), ("# Title\nText", "Title text"), ("Paris (see below), too", "Paris see below too")],
]
EQUAL += [
    ("Bonjour !", "Bonjour"),
    ("Vraiment\u202f? Oui\u00a0!", "Vraiment? Oui!"),
    ("5\u202fkm à 1\u202f000\u202f€", "5 km à 1 000 €"),
    ("كتـاب", "كتاب"),
    ("İstanbul", "istanbul"),
]
# Texts that show something, and nothing that could be compared.
NO_TOKENS = ["—", "“”", "。", "——", "「」"]
BLANK = ["", " \n", "\u200b", "\ufeff\u200d", "\u2060", "\u00ad", "\u3164", "\x00"]
TEXT_METRICS = ("exact_match", "token_f1", "rouge", "bleu")


def measured(name: str, answer: str, reference: str, language: str = "en") -> dict:
    sample = make_item("a", answer, None, reference)
    return dict(all_metrics()[name]().grade([sample], ScoringContext(language=language)).values["base"][0].measures)


@pytest.mark.parametrize(("script", "language", "one", "other"), MINIMAL_PAIRS)
def test_minimal_pairs_of_a_script_differ(script: str, language: str, one: str, other: str) -> None:
    assert tokens(one) != tokens(other)
    for answer, reference in ((one, other), (other, one)):
        assert measured("exact_match", answer, reference)["exact_match"] == 0
        assert measured("exact_match", reference, reference)["exact_match"] == 1
        for name in TEXT_METRICS:
            found = measured(name, answer, reference, language)
            same = measured(name, reference, reference, language)
            assert all(found[measure] <= same[measure] for measure in found)
            assert found != same


@pytest.mark.parametrize(
    ("one", "other"), [(one, other) for script, _, one, other in MINIMAL_PAIRS if script in ("Devanagari", "Bengali")]
)
def test_words_that_differ_in_a_vowel_sign_share_nothing(one: str, other: str) -> None:
    assert measured("token_f1", one, other) == {"token_f1": 0}
    assert measured("rouge", one, other) == {"rouge_1": 0, "rouge_2": 0, "rouge_l": 0}


@pytest.mark.parametrize(("one", "other"), SIGNS)
def test_signs_and_symbols_make_answers_differ(one: str, other: str) -> None:
    assert tokens(one) != tokens(other)
    assert measured("exact_match", other, one) == {"exact_match": 0}
    assert measured("token_f1", other, one)["token_f1"] < 1 or sorted(one) == sorted(other)  # F1 knows no order
    # In a sentence too: the rules for prose do not apply to them.
    assert tokens(f"It is {one} here") != tokens(f"It is {other} here")


@pytest.mark.parametrize(("one", "other"), EQUAL)
def test_spellings_of_one_answer_are_equal(one: str, other: str) -> None:
    assert tokens(one) == tokens(other)
    assert measured("exact_match", other, one) == {"exact_match": 1}


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("भाषा की 5 कि.मी.", ["भाषा", "की", "5", "कि.मी"]),
        ("มาไทย", ["ม", "า", "ไ", "ท", "ย"]),
        ("မြန်မာ", ["မြ", "န်", "မာ"]),
        ("བོད་ཡིག", ["བོད", "ཡིག"]),
        ("東京tower", ["東", "京", "tower"]),
        ("Ｂｅｄｒｏｃｋ, it's GREAT_ly", ["bedrock", "it's", "great_ly"]),
        ("C++ costs €1.50!", ["c", "+", "+", "costs", "€", "1.50", "!"]),
        ("f(x) = 'a'", ["f", "(", "x", ")", "=", "a"]),
        ("👨‍👩‍👧🏴󠁧󠁢󠁥󠁮󠁧󠁿", ["👨‍👩‍👧", "🏴󠁧󠁢󠁥󠁮󠁧󠁿"]),
    ],
)
def test_a_text_is_split_into(text: str, expected: list[str]) -> None:
    assert tokens(text) == expected


@given(st.text())
def test_tokens_have_their_places_in_the_text(text: str) -> None:
    found = list(placed_tokens(text))
    assert all(token.folded for token in found)
    assert [token.start for token in found] == sorted(token.start for token in found)
    for one, following in pairwise(found):
        assert one.end <= following.start
    # What is between two tokens are spaces, and punctuation of prose: never a letter, a digit or a symbol.
    covered = {place for token in found for place in range(token.start, token.end)}
    for place, character in enumerate(text):
        if place not in covered:
            assert unicodedata.category(character)[0] not in "LN" or is_blank(character)
            assert unicodedata.category(character) not in ("Sm", "Sc", "So")


@given(st.text(st.characters(max_codepoint=127)) | st.text("aB1_.,;:'\"-\n\0"))
def test_ascii_is_split_as_by_the_rules_of_unicode(text: str) -> None:
    plain = _without_prose_punctuation(text)
    for ascii_text in (text, plain):
        places = [match.span() for match in _ASCII_SEGMENT.finditer(ascii_text)]
        assert places == [token[1:] for token in _unicode_tokens(ascii_text)]
    assert list(placed_tokens(text)) == list(_unicode_tokens(plain))


@pytest.mark.slow
@given(st.text(), st.text(st.characters(categories=["L", "Nd", "Sm", "Sc", "So"]), min_size=1))
def test_a_further_word_or_symbol_changes_the_tokens(text: str, word: str) -> None:
    assume(not is_blank(word))
    assert tokens(f"{text} {word}") != tokens(text)


_MARKED_TEXTS = st.text("\uac00\uac01\u1100\u1161\u11a8\u00e9e\u0301aB1*-#\"'`.,()!  \t\n\x1c")


@example("\uac00`")
@example("*\t")
@example("- \n")
@example("\n- a")
@given(st.text() | _MARKED_TEXTS)
def test_form_and_spaces_do_not_change_the_tokens(text: str) -> None:
    assert tokens(unicodedata.normalize("NFD", text)) == tokens(unicodedata.normalize("NFC", text))
    assert tokens(f"  {text}\n") == tokens(text) == tokens(text.strip())


@pytest.mark.parametrize(
    "text", ['"', "'a ", "(ab ", "*a", "`", "\n- ", "a!", " ", "-", "a", "a\u0301", "東", "\u0301"]
)
def test_the_time_does_not_grow_with_the_square_of_the_length(text: str) -> None:
    # Twenty thousand repetitions would take minutes.
    tokens(text * 20_000)


@pytest.mark.parametrize("reference", NO_TOKENS)
def test_a_reference_without_tokens_gives_no_score_and_a_reason(reference: str) -> None:
    assert not tokens(reference)
    for name in TEXT_METRICS:
        assert measured(name, "some answer", reference) == measured(name, reference, reference) == {}
    question = EvaluationQuestion(id="a", question="What?", reference=reference)
    found = match([question], {"base": [("a", "some answer")], "tuned": [("a", reference)]})
    assert found.warnings == (
        "1 question without a score by text metrics, because the reference answer has no word, number or symbol: a.",
    )


@pytest.mark.parametrize("answer", NO_TOKENS)
def test_an_answer_without_tokens_is_the_worst_answer_to_a_reference(answer: str) -> None:
    for name in TEXT_METRICS:
        assert set(measured(name, answer, "forty two").values()) == {0}


@pytest.mark.parametrize("text", BLANK)
def test_a_text_that_shows_nothing_is_no_answer_and_no_reference(text: str) -> None:
    assert is_blank(text)
    questions = [
        EvaluationQuestion(id=key, question="What?", reference=ref) for key, ref in (("a", "yes"), ("b", text))
    ]
    found = match(questions, {"base": [("a", text)], "tuned": [("a", "yes")]})
    assert [sample.answers for sample in found.items] == [{"base": None, "tuned": "yes"}]
    assert found.warnings == ("1 question left out, because there is no reference answer: b.",)


@pytest.mark.parametrize(
    ("text", "language"),
    [("ภาษาไทยไม่เว้นวรรค", "th"), ("ພາສາລາວ", "lo"), ("ភាសាខ្មែរ", "km"), ("မြန်မာဘာသာ", "my"), ("བོད་ཡིག", "bo")],
)
def test_bleu_keeps_marks_with_their_letters(text: str, language: str) -> None:
    assert detect([text]) == language
    assert measured("bleu", text, text, language)["bleu"] == pytest.approx(100)
    # The marks alone are not shared.
    marks = "ก" + "".join(character for character in text if unicodedata.category(character)[0] == "M")
    assert measured("bleu", marks, text, language)["bleu"] == 0


@pytest.mark.parametrize("figures", json.loads(FIGURES.read_text("utf-8")), ids=lambda entry: entry["answer"])
def test_exact_match_and_f1_equal_squads_where_these_are_right(figures: dict) -> None:
    answer, reference = figures["answer"], figures["reference"]
    exact, f1 = (measured(name, answer, reference)[name] for name in ("exact_match", "token_f1"))
    if (answer, reference) in SAME:
        assert (exact, f1) == (figures["exact_match"], figures["f1"])
    else:
        assert (answer, reference) in DIFFERENT
        assert exact == 0 < figures["exact_match"]


PROSE = st.lists(
    st.sampled_from(["The", "hour,", "is", '"long"', "as", "well-kept", "model:", "1", "2024.", "why?"]),
    min_size=1,
    max_size=20,
).map(" ".join)


@given(answer=PROSE, reference=PROSE)
def test_rouge_equals_the_librarys_own_tokens_for_english_prose(answer: str, reference: str) -> None:
    from rouge_score.rouge_scorer import RougeScorer

    expected = RougeScorer(["rouge1", "rouge2", "rougeL"]).score(reference, answer)
    found = measured("rouge", answer, reference)
    assert list(found.values()) == pytest.approx([entry.fmeasure for entry in expected.values()], abs=1e-6)


@pytest.mark.parametrize(("answer", "reference"), [("-5", "5"), ("C++", "C"), ("50%", "50"), ("x²", "x"), ("≤", "≤")])
def test_rouge_differs_from_the_library_where_the_library_is_wrong(answer: str, reference: str) -> None:
    from rouge_score.rouge_scorer import RougeScorer

    wrong = RougeScorer(["rouge1"]).score(reference, answer)["rouge1"].fmeasure
    right = float(answer == reference)
    assert wrong != right
    assert (measured("rouge", answer, reference)["rouge_1"] == 1) == bool(right)
