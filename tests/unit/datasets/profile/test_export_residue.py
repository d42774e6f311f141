"""Placeholders, HTML entities and separators are warnings; texts that only look a little like them are not."""

from __future__ import annotations

import pytest

from tuner.datasets.profile.export_residue import leftovers
from tuner.datasets.profile.mojibake import find_mojibake
from tuner.datasets.records.record import pair


@pytest.mark.parametrize(
    ("question", "answer", "rules"),
    [
        ("q", "nan", ["placeholder"]),
        ("q", " None\n", ["placeholder"]),
        ("q", "NULL", ["placeholder"]),
        ("q", "N/A", ["placeholder"]),
        ("q", "[object Object]", ["placeholder"]),
        ("q", "None of them.", []),
        ("nan", "It is not a number.", []),
        ("Salt &amp; water?", "Yes.", ["html-entity"]),
        ("q", "It&#39;s", ["html-entity"]),
        ("q", "f&uuml;r", ["html-entity"]),
        ("q", "<p>Nine.</p>", ["html-tag"]),
        ("q", "Nine.<br/>Ten.", ["html-tag"]),
        ("How does <b> work?", "With `<p>` and `</p>`:\n```html\n<p>Nine.</p>\n```", []),
        ("q", "a < p > b", []),
        ("q", "R&D; and more", []),
        ("q", "a & b; c", []),
        ("q", "Nine.</s>", ["separator"]),
        ("q", "Nine.<|im_end|>", ["separator"]),
        ("q", "Nine.\n###", ["separator"]),
        ("### Instruction:\nq", "a", ["separator"]),
        ("q", "Nine.\n\nHuman: more?", ["separator"]),
        ("[INST] q [/INST]", "a", ["separator"]),
        ("q", "Nine.<|END_OF_TURN_TOKEN|>", ["separator"]),
        ("q", "Nine.<｜end▁of▁sentence｜>", ["separator"]),
        ("q", "Nine.<|separator|>", ["separator"]),
        ("q", "Is <|a|> or x<|y|>z a sign?", []),
        ("How deep is ![the pier](pier.png)?", "Nine.", ["image-in-text"]),
        ("<image>\nHow deep?", "Nine.", ["image-in-text"]),
        ("<img src='data:image/png;base64,AAAA'> How deep?", "Nine.", ["image-in-text"]),
        ("What does `![x](y.png)` write?", "![x](y.png) shows an image.", []),
        ("q", "<think>\nPier 4.\n</think>\n\nNine.", ["reasoning"]),
        ("q", "</think>\nNine.", ["reasoning"]),
        ("q", "[THINK]Pier 4.[/THINK]Nine.", ["reasoning"]),
        ("q", "<Thinking>Pier 4.</Thinking> Nine.", ["reasoning"]),
        ("q", "◁think▷Pier 4.◁/think▷Nine.", ["reasoning"]),
        ("Why does it write <think>?", "Because it reasons.", []),
        ("q", "I think <thin> and think.", []),
        ("q", "GrÃ¶ÃŸe", ["mojibake"]),
        ("donâ€™t?", "Nine.", ["mojibake"]),
        ("q", "Nine \N{REPLACEMENT CHARACTER} ten.", ["lost-letter"]),
        ("q", "Nine\x00ten.", ["control-character"]),
        ("What is \x1b[31mred\x1b[0m?", "Nine.", ["control-character"]),
        ("Two\tcolumns?", "Nine.\r\nTen.\x0b\x0cEleven.\x85", []),
        ("q", "### Depth\nNine.", []),
        ("Is a < s > b?", "C# and ###", []),
    ],
)
def test_export_residue(question, answer, rules):
    found = list(leftovers(pair(question, answer)))
    assert [issue.rule for issue in found] == rules
    assert all(issue.severity == "warning" for issue in found)


@pytest.mark.parametrize(
    ("text", "word", "meant"),
    [
        ("Die GrÃ¶ÃŸe ist neun.", "GrÃ¶ÃŸe", "Größe"),
        ("I donâ€™t know", "donâ€™t", "don’t"),
        ("20 Â°C", "Â°C", "°C"),
        ("Ã\x96ffnen", "Ã\x96ffnen", "Öffnen"),
        ("Ð¿Ñ€Ð¸Ð²ÐµÑ‚", "Ð¿Ñ€Ð¸Ð²ÐµÑ‚", "привет"),
        ("ZaÅ¼Ã³Å‚Ä‡", "ZaÅ¼Ã³Å‚Ä‡", "Zażółć"),
        ("ðŸ˜€ ok", "ðŸ˜€", "😀"),
        ("It‚Äôs", "It‚Äôs", "It’s"),
        ("あ".encode().decode("cp1252", "ignore") + "質問".encode().decode("latin-1"), None, "質問"),
    ],
)
def test_a_word_in_another_encoding_is_shown_as_it_was(text, word, meant):
    found = find_mojibake(text)
    assert found
    assert word is None or found.word == word
    assert found.meant.endswith(meant)


@pytest.mark.parametrize(
    "text",
    [
        "Größe", "CAFÉ™", "le café…»", "„Größe“ é”…", "SÃO PAULO", "Âge", "«Là…»", "Île «À»", "Tên Đã",
        "naïve “café” –", "Français : « Où êtes-vous ? »", "maçã", "Ä…", "√2 = 1.414", "ÎÏ",
        "Übergröße 10 ×", "質問", "привет", "3 √ä",
    ],
)  # fmt: skip
def test_letters_that_were_meant_give_no_finding(text):
    assert find_mojibake(text) is None


@pytest.mark.parametrize("letter", ["é", "Ã", "あ", "éà“”…™"])
def test_a_long_text_without_spaces_takes_a_time_that_is_linear(letter):
    find_mojibake(letter * 200_000)
