"""Detection of the language of a text."""

from __future__ import annotations

import pytest

from tuner.datasets.profile.languages import UNDETERMINED, language

TEXTS = {
    "en": "What is a foundation model?\nA model that was trained on a lot of text.",
    "de": "Was ist ein Grundlagenmodell?\nEin Modell, das mit viel Text trainiert wurde.",
    "fr": "Qu'est-ce qu'un modèle ?\nUn modèle entraîné sur beaucoup de texte.",
    "ja": "アマゾンとは何ですか\n会社でござる。",
    "zh": "什么是亚马逊？\n一家公司。",
    "ru": "Что это?\nЭто модель, обученная на большом тексте.",
}
# fastText takes them for Finnish.
LONG_NUMBERS = """1342630111565175365417179911045976466285034905665330746082838
1117337328787321713974493634819752073672934530097637441045133"""


@pytest.mark.parametrize("code", TEXTS)
def test_the_language_is_detected(code: str) -> None:
    assert language(TEXTS[code]) == code


def test_capital_letters_do_not_change_the_language() -> None:
    assert language(TEXTS["en"].upper()) == "en"


@pytest.mark.parametrize("text", ["", " \n", "12345\n67", LONG_NUMBERS, "\0", "\u2028", "x" * 600], ids=ascii)
def test_the_language_is_undetermined(text: str) -> None:
    assert language(text) == UNDETERMINED
