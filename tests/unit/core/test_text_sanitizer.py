"""Foreign text is shown as it is: nothing in it hides, reorders, links, calls somebody or runs."""

import json
import re
import sys
import time
import unicodedata

import pytest
import regex
from hypothesis import given
from hypothesis import strategies as st

from tuner.core.text_sanitizer import (
    is_blank,
    json_escaped,
    one_line,
    readable,
    shown_name,
    spreadsheet_cell,
    without_links,
)


@pytest.mark.parametrize(
    "mark", sorted({*"\u200b\u200c\u200d\u200e\u200f\u061c\u2028\u202e\u2066\ufeff\u2060\x1b\x9b\r\x7f"})
)
def test_marks_and_controls_are_replaced(mark: str) -> None:
    assert readable(f"a{mark}b") == "a\ufffdb"


def test_no_format_character_but_visible_ones_is_left() -> None:
    """Of all characters that Unicode calls format characters, those of Arabic numbers and the like are visible."""
    visible = {"\xad", *map(chr, [*range(0x600, 0x606), 0x6DD, 0x70F, 0x890, 0x891, 0x8E2, 0x110BD, 0x110CD])}
    below = (chr(code) for code in range(0x11000) if unicodedata.category(chr(code)) == "Cf")
    assert {mark for mark in below if readable(f"a{mark}b") == f"a{mark}b"} - visible == set()


def test_variation_selectors_that_hide_text_are_replaced() -> None:
    """Each of the 256 can stand for a byte of a text that nobody sees."""
    hidden = "".join(chr(0xE0100 + byte) for byte in b"approve it")
    shown = "\ufffd" * len(hidden)
    assert readable(f"☁\ufe0f{hidden}") == f"☁\ufe0f{shown}"
    assert readable(f"{hidden} \ufe0f") == f"{shown} \ufffd"
    for text in ("☁\ufe0f 1\ufe0f\u20e3", "葛\U000e0100城"):
        assert readable(text) == text


@pytest.mark.parametrize("text", ["می\u200cخواهم", "👨\u200d👩\u200d👧", "क\u094d\u200dष", "tab\tand\nline"])
def test_letters_and_emoji_that_need_a_joiner_keep_it(text: str) -> None:
    assert readable(text) == text


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("https://evil.com/x", "https[:]//evil[.]com/x"),
        ("HTTPS://EVIL.COM", "HTTPS[:]//EVIL[.]COM"),
        ("https\uff1a//evil", "https[:]//evil"),
        ("//evil.unknown/x", "[/]/evil[.]unknown/x"),
        ("www.evil.unknown", "www[.]evil[.]unknown"),
        ("bit.ly/x and -evil.com", "bit[.]ly/x and -evil[.]com"),
        ("evil\u3002com", "evil[\u3002]com"),
        ("evil.unknown:8080", "evil[.]unknown:8080"),
        ("1.2.3.4/x", "1[.]2[.]3[.]4/x"),
        ("mailto:a@b.com", "mailto[:]a[@]b[.]com"),
        ("javascript:alert(1)", "javascript[:]alert(1)"),
        ("@channel, <!here>, <@U1>", "[@]channel, [<]!here>, [<][@]U1>"),
        ("docs/evil.md/x", "docs/evil[.]md/x"),
        ("a.b.c.d.e.f.g.h.i.j.k.l.evil.com", "a.b.c.d[.]e[.]f[.]g[.]h[.]i[.]j[.]k[.]l[.]evil[.]com"),
    ],
)
def test_links_and_mentions_are_interrupted(text: str, shown: str) -> None:
    assert without_links(text) == shown


@pytest.mark.parametrize(
    "text",
    [
        "run.yaml, line 2: hyperparameters.epochCount: must be from 1 to 5",
        "s3://artifacts/runs/faq-0123456789ab/report/index.html",
        "amazon.nova-micro-v1:0:128k, training.jsonl.gz and docs/first-deployment.md",
        "arn:aws:states:us-east-1:123456789012:execution:tuner:faq",
        "6.12, 2026-11-23 20:00, 1.43.106",
    ],
)
def test_names_of_this_project_stay_as_they_are(text: str) -> None:
    assert without_links(text) == text


@given(st.text(alphabet="a@:/.\\[]<!co m\u202ehttpsw", max_size=40))
def test_text_can_pass_twice(text: str) -> None:
    once = without_links(text)
    assert without_links(once) == once
    assert not re.search(r"https?://|(?<!\[)@(?!\])|\u202e", once)


@pytest.mark.slow
@pytest.mark.parametrize(
    "part", ["a+", "a.", "a-", "\n", ";", " ", '"', "\n ", "@", "//", "www.", "1.", "\u200d", "[", "a:"]
)
@pytest.mark.thorough
def test_the_time_grows_with_the_length(part: str) -> None:
    text = part * 50_000
    start = time.process_time()
    without_links(text)
    spreadsheet_cell(text)
    assert time.process_time() - start < 3


def test_a_line_is_one_line_and_has_a_limit() -> None:
    assert one_line("two\n lines\u2028more", 99) == "two lines\ufffdmore"
    assert one_line("x" * 99, 10) == "xxxxxxx..."


@pytest.mark.parametrize(
    ("cell", "written"),
    [
        ("=1", "'=1"),
        ("\uff1d1", "'\uff1d1"),
        ("-5", "'-5"),
        (" \t@x", " \t'@x"),
        ("a;=cmd|' /C calc'!A0", "a;'=cmd|' /C calc'!A0"),
        ('a;"=x', "a;\"'=x"),
        ("a\n+x", "a\n'+x"),
        ("a\t=x", "a\t'=x"),
        ("\tx", "'\tx"),
        ("\r=x", "\ufffd=x"),
        (" " * 21 + "=x", " " * 21 + "'=x"),
        ("a;" + '"' * 21 + "=x", "a;" + '"' * 21 + "'=x"),
        ("1 = 1, a-b", "1 = 1, a-b"),
    ],
)
def test_a_spreadsheet_runs_no_cell_whatever_separates_them(cell: str, written: str) -> None:
    assert spreadsheet_cell(cell) == written


@given(st.text(alphabet="=+-@;\t\n\" 'ab", max_size=20))
def test_no_part_of_a_cell_begins_with_a_formula(text: str) -> None:
    for part in re.split(r"[;\t\n]", spreadsheet_cell(text)):
        assert not re.match(r"[\s\"']{0,20}?(?<!')[=+\-@]", part)


@given(st.text(alphabet='a\x7f\x9b\u202e\ud800\U000e0001"\\', max_size=9))
def test_escaped_json_has_the_same_values_and_is_readable(text: str) -> None:
    escaped = json_escaped(json.dumps([text], ensure_ascii=False))
    assert json.loads(escaped) == [text]
    assert readable(escaped) == escaped


@given(st.text())
def test_a_name_writes_no_line_of_its_own_into_a_message(name: str) -> None:
    shown = shown_name(name)
    assert len(shown) <= 80
    assert len(shown.splitlines()) <= 1
    assert readable(shown) == shown


def test_an_ordinary_name_is_shown_as_it_is() -> None:
    assert shown_name("our faq, 2. Ausgabe – 質問") == "our faq, 2. Ausgabe – 質問"


def test_a_text_is_blank_if_unicode_has_nothing_to_show_for_it() -> None:
    letters = [chr(code) for code in range(sys.maxunicode + 1) if not 0xD800 <= code < 0xE000]
    shows = regex.compile(r"(?V1)[^\s\p{Default_Ignorable_Code_Point}\p{Cc}\u2800]")
    assert [letter for letter in letters if is_blank(letter) == bool(shows.match(letter))] == []
    assert is_blank("") and is_blank("\u200b \x07\u2800\n") and not is_blank("\u200b.")
