"""When two questions are the same: never for different questions, always for another way of writing one."""

from __future__ import annotations

import base64
import re
import time
import unicodedata
from dataclasses import replace

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from tuner.datasets.records.record import ConverseJson, Record, ToolConversation, Turn
from tuner.datasets.same_question import comparable, input_hash, prompt_hash, question_hash
from tuner.datasets.same_question.letter_case import folded

# Minimal pairs, one row per script: two different questions that differ by one letter, mark or sign.
SCRIPTS = {
    "Latin, acute": ("Come si scrive papa?", "Come si scrive papà?"),
    "Latin, tilde": ("¿Cuántos anos tiene?", "¿Cuántos años tiene?"),
    "Latin, ring": ("Vad betyder har?", "Vad betyder hår?"),
    "German sharp s": ("Was sind Masse?", "Was sind Maße?"),
    "Turkish": ("Sık ne demek?", "Sik ne demek?"),
    "Vietnamese": ("Ma là gì?", "Mạ là gì?"),
    "Greek": ("Τι σημαίνει νόμος;", "Τι σημαίνει νομός;"),
    "Cyrillic": ("Что значит все?", "Что значит всё?"),
    "Cyrillic, short i": ("Что такое мои?", "Что такое мой?"),
    "Arabic, vowels": ("ما معنى عِلم؟", "ما معنى عَلم؟"),
    "Arabic, hamza": ("ما معنى سال؟", "ما معنى سأل؟"),
    "Persian, joiner": ("معنی نامه‌ای چیست؟", "معنی نامهای چیست؟"),
    "Hebrew": ("מה פירוש בָּנָה?", "מה פירוש בִּנָה?"),
    "Devanagari": ("दिन का अर्थ क्या है?", "दान का अर्थ क्या है?"),
    "Devanagari, virama": ("सत का अर्थ क्या है?", "सत् का अर्थ क्या है?"),
    "Bengali": ("দিন মানে কী?", "দান মানে কী?"),
    "Tamil": ("கல் என்றால் என்ன?", "கால் என்றால் என்ன?"),
    "Telugu": ("పలు అంటే ఏమిటి?", "పాలు అంటే ఏమిటి?"),
    "Thai": ("มา แปลว่าอะไร", "ม้า แปลว่าอะไร"),
    "Lao": ("ຂາວ ແປວ່າຫຍັງ", "ຂ່າວ ແປວ່າຫຍັງ"),
    "Khmer": ("តើ កាត មានន័យអ្វី?", "តើ កោត មានន័យអ្វី?"),
    "Burmese": ("စား ဆိုတာဘာလဲ။", "စာ ဆိုတာဘာလဲ။"),
    "Tibetan": ("ས་ ཞེས་པ་ཅི་རེད།", "སི་ ཞེས་པ་ཅི་རེད།"),
    "Ethiopic": ("ሰው ማለት ምንድን ነው?", "ሰዉ ማለት ምንድን ነው?"),
    "Chinese": ("什么是土?", "什么是士?"),
    "Chinese, number": ("三加二是多少?", "三加一是多少?"),
    "Japanese, voiced": ("かきとは何ですか。", "かぎとは何ですか。"),
    "Japanese, small": ("ひようとは何ですか。", "ひょうとは何ですか。"),
    "Korean": ("밤은 무엇입니까?", "방은 무엇입니까?"),
    "Armenian": ("Ի՞նչ է տարի", "Ի՞նչ է տառի"),
    "N'Ko": ("ߒߞߏ ߦߋ ߡߎ߲ ߘߌ؟", "ߒߞߏ ߦߋ ߡߎ ߘߌ؟"),
    "N'Ko, tone": ("ߓߊ߫ ߦߋ ߡߎ߲ ߘߌ؟", "ߓߊ߬ ߦߋ ߡߎ߲ ߘߌ؟"),
    "Cherokee": ("ᎦᏙ ᎤᏍᏗ?", "ᎦᏙ ᎤᏍᏓ?"),
    "Braille": ("What is ⠼⠁?", "What is ⠼⠃?"),
    "Braille, capital": ("What is ⠠⠁?", "What is ⠁?"),
    "Georgian": ("რა არის ქარი?", "რა არის კარი?"),
}

# Groups of different questions, or of what is in them.
DIFFERENT = [
    ("1.5 kg", "15 kg", "1,5 kg", "1 5 kg", "1.50 kg", "-1.5 kg", "+1.5 kg", "1/5 kg", "1:5 kg"),
    ("release 1.10", "release 11.0", "release 1.1.0", "release 110"),
    ("-5", "5", "+5", "±5", "5%", "5‰", "5°", "5'", '5"', "$5", "€5", "£5", "¥5", "5!", "5!!", "#5", "~5", "<5", ">5"),
    ("x = y", "x == y", "x === y", "x != y", "x := y", "x => y", "x <= y", "x >= y", "x ≠ y", "x ≈ y", "x ≡ y"),
    ("a + b", "a - b", "a * b", "a / b", "a % b", "a ^ b", "a & b", "a && b", "a | b", "a || b", "a ** b", "a // b"),
    ("i++", "i--", "i", "++i", "--i", "-i", "!i", "~i", "*i", "&i", "@i", "$i", "i[]", "i()", "i{}", "i<>", "i*"),
    ("C", "C++", "C#", "C--", "F", "F#", "Objective-C", "C*"),
    ("net", ".net", "node.js", "node js", "nodejs", "foo_bar", "foobar", "foo-bar", "foo.bar", "foo bar", "foo::bar"),
    ("init", "__init__", "_init", "init_", "__init"),
    ("x²", "x2", "x³", "x₂", "x^2", "x'", "x̄", "x̂"),
    ("½", "1⁄2", "1/2", "12"),
    ("①", "1", "⑴", "Ⅰ", "¹", "₁", "١", "१", "一"),
    ("ℝ", "R", "𝐑", "ℛ"),
    ("°C", "C", "°F", "K"),
    ("mW", "MW"), ("Mb", "MB"), ("kb", "kB"), ("Gb", "GB"), ("mg", "Mg"), ("mm", "Mm"), ("nm", "NM", "Nm", "nM"),
    ("5 g", "5 G"), ("5 m", "5 M"), ("5 k", "5 K"), ("5G", "5g"), ("5 ms", "5 MS"), ("Mbps", "MBps"), ("mV", "MV"),
    ("NaCl", "NACL"), ("Co", "CO"), ("LoRa", "LoRA"), ("δ", "Δ"), ("ω", "Ω"), ("pH", "PH"),
    ("5 mol", "5 mmol", "5 Mmol"), ("5 pg", "5 Pg"), ("5 mpc", "5 Mpc"), ("5 mrad", "5 Mrad"), ("5 mbar", "5 Mbar"),
    ("5 Mt", "5 mt"), ("5 cal", "5 Cal"), ("5 ps", "5 PS"), ("5 pm", "5 Pm"), ("5 mM", "5 mm", "5 MM"),
    ("5 Ts", "5 ts"), ("Hf", "HF"), ("Sn", "SN"), ("Cs", "CS"), ("Np", "NP"), ("Pb", "PB"),
    ("Fe2+", "Fe3+"), ("H2SO4", "H2SO3"),
    ("Dm", "DM"), ("Cm7", "CM7"), ("Em7", "EM7"), ("C♯", "C♭", "C♮", "C", "C𝄪", "C𝄫"), ("O-O", "O-O-O"),
    ("Aa", "AA", "aa"), ("Tt", "TT"), ("AaBb", "aabb"), ("Rh+", "Rh-"),
    ("Bxc3", "bxc3"), ("Nf3", "nf3"), ("1. Bc4", "1. bc4"), ("Qh5+", "Qh5#"), ("Rfe1", "rfe1"), ("e4!", "e4?!"),
    ("print(True)", "print(true)"), ("Name=1", "name=1"), (r"\d+", r"\D+"), (r"\w", r"\W"), ("[A-Z]", "[a-z]"),
    ("a <> b", "a <= b", "a >= b"), ("->", "->>"), ("~", "~*", "!~"), ("03/04/2024", "04/03/2024"), ("1∶2", "1:2"),
    ("ʃɪp", "ʃiːp"), ("kʰ", "kh"), ("t͡s", "ts"), ("ʔ", "ʕ"), ("ˈab", "ˌab"), ("/tS/", "/ts/"),
    ("getName", "getname", "GETNAME_"), ("`List`", "`list`"), ("MAX_VALUE", "max_value"), ("$HOME", "$home"),
    ("eBay", "ebay"), ("iOS", "ios"),
    ("foo.Bar", "foo.bar"), ("java.util.List", "java.util.list"), ("std::String", "std::string"),
    ("grep -E", "grep -e"), ("tar -Cx", "tar -cx"), ("/opt/App/run", "/opt/app/run"), (r"C:\Temp\A", r"C:\temp\A"),
    ("U29tZVRleHQ", "U29TZVRleHQ"), ("SGVsbGFu", "SGVSbGFu"), ("https://x.org/Ab", "https://x.org/ab"),
    ("EC2InstanceType", "ec2instancetype"),
    ("the symbol No", "the symbol NO"), ("an atom of Os", "an atom of OS"),
    ("8/8/4k3/8/8/4K3/8/8 w - -", "8/8/4K3/8/8/4k3/8/8 w - -", "8/8/4k3/8/8/4K3/8/8 b - -"),
    ("r3k2r/8/8/8/8/8/8/R3K2R w KQ -", "r3k2r/8/8/8/8/8/8/R3K2R w kq -", "r3k2r/8/8/8/8/8/8/R3K2R w Kq -"),
    ("∑", "∏", "∫", "√", "∞", "∅", "∈", "∉", "∪", "∩", "→", "←", "↔", "⇒"),
    ("ـ", ""), ("كتـ", "كت"), ("Ի՞նչ", "Ինչ"),
    ("👍", "👎", "👍🏽", "👨‍👩‍👧", "👨👩👧"),
    ("cd", "cd .", "cd ..", "cd /", "cd ~", "cd -"),
    ("(a)", "[a]", "{a}", "<a>", "«a»", "'a'", '"a"', "`a`"),
    ("a.", "a*", "a+", "a|", "a^", "a\\"),
]  # fmt: skip
WAYS = ["What does {} mean here?", "Explain {} to me.", "{}", "What is {}", "In the text, {} is what?"]

SENTENCES = [
    "How many grams are 1.5 kg?", "Who studies whales in C++?", "What is the largest city of France?",
    "Où se trouve la gare de Lyon ?", "¿Cuántos años tiene el río?", "Wie heißt die Straße?", "O que é um contrato?",
    "Πού είναι η Ακρόπολη;", "В чём разница между ними?", "İstanbul nerede, ığdır nerede?",
]  # fmt: skip


@pytest.mark.parametrize("pair", SCRIPTS.values(), ids=SCRIPTS)
def test_one_letter_or_mark_makes_another_question(pair):
    assert comparable(pair[0]) != comparable(pair[1])
    assert question_hash(pair[0]) != question_hash(pair[1])


@pytest.mark.slow
@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("names", DIFFERENT, ids=" | ".join)
def test_numbers_signs_operators_units_and_names_make_another_question(names, way):
    if way in ("{}", "What is {}"):  # at the end of a text, a point or a question mark is punctuation
        names = [name for name in names if name != "a."]
    keys = {comparable(way.format(name)): name for name in names}
    assert len(keys) == len(names), set(names) - set(keys.values())


@given(st.decimals(-1000, 1000, places=3), st.decimals(-1000, 1000, places=3))
def test_different_numbers_are_different_questions(one, other):
    assume(str(one) != str(other))
    assert comparable(f"How many grams are {one} kg?") != comparable(f"How many grams are {other} kg?")


SIGN = st.characters(categories=["Sm", "Sc", "So", "Mn", "Mc"], exclude_characters="\u0345", max_codepoint=0x2FFF)


@given(SIGN, SIGN)
def test_symbols_and_marks_distinguish(one, other):
    assume(unicodedata.normalize("NFKC", one) != unicodedata.normalize("NFKC", other))
    assert comparable(f"Was ist k{one} hier?") != comparable(f"Was ist k{other} hier?")
    assert comparable(f"Was ist k{one} hier?") != comparable("Was ist k hier?")


@given(st.binary(min_size=24, max_size=24), st.data())
def test_identifiers_that_differ_by_the_case_of_a_letter_are_different(data, draw):
    encoded = base64.b64encode(data).decode()
    assume(re.search(r"\d[A-Za-z]", encoded) and re.search(r"[a-z]", encoded) and re.search(r"\w[A-Z]", encoded[:20]))
    at = draw.draw(st.sampled_from([at for at, letter in enumerate(encoded) if letter.isalpha()]))
    other = encoded[:at] + encoded[at].swapcase() + encoded[at + 1 :]
    assume(re.search(r"[a-z]", other) and re.search(r"\w[A-Z]", other[:20]))
    assert comparable(f"Decode {encoded} for me.") != comparable(f"Decode {other} for me.")


WORD = st.from_regex(r"[a-z]{2,8}", fullmatch=True)


@given(st.lists(WORD, min_size=1, max_size=3), WORD, st.sampled_from(["What does {} do?", "{}", "Call {}() twice"]))
def test_names_of_code_that_differ_by_a_capital_are_different(outer, last, way):
    one, other = ".".join((*outer, last.capitalize())), ".".join((*outer, last))
    assert comparable(way.format(one)) != comparable(way.format(other))


@pytest.mark.parametrize(
    "text", ["aa." * 20_000, "a." * 20_000, "Aa" * 20_000, "a::" * 20_000, "AA/" * 20_000, "-a" * 20_000]
)
def test_long_texts_without_spaces_are_folded_in_linear_time(text):
    started = time.process_time()
    folded(f"{text} Bar/x")
    assert time.process_time() - started < 1


INNER = st.characters(exclude_categories=["Cs", "Cc", "Cf", "Lu", "Lt", "Zs", "Zl", "Zp"])


@pytest.mark.slow
@given(st.text(INNER, min_size=1, max_size=6))
def test_nothing_inside_a_text_of_small_letters_is_changed(inner):
    assume(inner == unicodedata.normalize("NFKC", inner.lower()))
    expected = unicodedata.normalize("NFC", f"wo ist aa{inner}aa nun")
    assert comparable(f"Wo ist aa{inner}aa nun?") == expected


@pytest.mark.parametrize("form", ["NFC", "NFD"])
@pytest.mark.parametrize("question", [*SENTENCES, *(one for pair in SCRIPTS.values() for one in pair)])
def test_forms_of_unicode_are_the_same_question(question, form):
    assert comparable(unicodedata.normalize(form, question)) == comparable(question)


SPACES = st.sampled_from([" ", "  ", "\n", "\t", "\u00a0", "\u3000", "\r\n", " \n "])


@given(st.sampled_from(SENTENCES), st.data())
def test_spaces_are_the_same_question(question, data):
    spaced = "".join(data.draw(SPACES) if letter == " " else letter for letter in question)
    outer = data.draw(SPACES) + spaced + data.draw(SPACES)
    assert comparable(outer) == comparable(question)


@pytest.mark.parametrize("question", SENTENCES)
def test_capitals_and_small_letters_are_the_same_question(question):
    if "ß" not in question:  # its capital is SS, which other words have too
        assert comparable(question.upper().replace("C++", "c++")) == comparable(question.replace("C++", "c++"))
    lower = question.replace("İ", "i").lower().replace("c++", "C++")  # Python does not know Turkish
    assert comparable(lower) == comparable(question)


@pytest.mark.parametrize(
    "end", ["", ".", "!", "?", "??", "???", "?!", "...", "…", " ?", "。", "?", "؟", "۔", "।", " ।", "။", "។", "።"]
)
def test_punctuation_at_the_end_is_the_same_question(end):
    for question in ("What is Part 3 of it", "Что это", "それは何", "这是什么", "यह क्या है", "이것은 무엇입니까"):
        assert comparable(question + end) == comparable(question)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("WHO studies whales", "Who studies whales?"),
        ("What is DynamoDB?", "what is dynamodb?"),
        ("What is ASP.NET?", "what is asp.net?"),
        ("What is Node.js or TCP/IP?", "what is node.js or tcp/ip?"),
        ("Set the PATH of AWS", "set the Path of aws"),
        ("How do I use S3?", "how do i use s3"),
        ("What Is A Whale?", "What is a whale?"),
        ("Don'T Go", "don't go"),
        ("L'eau bout ?", "l'eau bout?"),
        ("¿Qué es eso?", "qué es eso"),
        ("ＡＷＳとは？", "AWSとは?"),
        ("ｶﾞｲﾄﾞとは", "ガイドとは"),
        ("ﻣﺎ ﻫﺬﺍ؟", "ما هذا؟"),
        ("What is a ﬁle?", "What is a file?"),
        ("5 \u00b5m?", "5 μm?"),
        ("Is it open at 5 PM?", "is it open at 5 pm?"),
        ("Is 5 KM far?", "is 5 km far?"),
        ("Who won World War II?", "who won world war ii"),
        ("What Is In La Paz?", "what is in la paz"),
        ("Is it co\u00adop\u200bera\ufefftion?", "Is it cooperation?"),
        ("\u200fמה זה?\u200e", "מה זה?"),
        ("ما هو الكتـــاب؟", "ما هو الكتاب"),
        ("Ի՞նչ է սա", "ի՞նչ է սա"),
        ("3 + 4 is 7.", "3 + 4 is 7"),
        ("FIND THE AREA OF A 5 CM SQUARE", "Find the area of a 5 cm square."),
    ],
)
def test_other_ways_of_writing_are_the_same_question(one, other):
    assert comparable(one) == comparable(other)


def test_the_last_dot_of_morse_code_is_a_sign():
    read = [comparable(f"Read {code}") for code in (".-.", ".-", "-..", "-.", "- .", "-.-.", "-.-", "-.-.--")]
    assert len(set(read)) == len(read)
    assert comparable("It was a dash-.") == comparable("It was a dash-")


def test_marks_alone_are_questions():
    assert len({comparable(text) for text in ("?", "!", "...", "??", "", "!?")}) == 6


def test_a_mark_can_be_what_is_asked_about():
    assert comparable("What is the operator ??") != comparable("What is the operator ?")
    assert comparable("What is the mark: ?") != comparable("What is the mark: !")
    assert comparable("What does save! do in Ruby? save!?") != comparable("What does save! do in Ruby? save?")
    assert comparable("x = 5;") != comparable("x = 5")


def test_indentation_of_code_distinguishes_and_that_of_prose_does_not():
    inside = "What is printed?\nfor x in y:\n    a()\n    b()"
    after = "What is printed?\nfor x in y:\n    a()\nb()"
    assert comparable(inside) != comparable(after)
    assert comparable("What is\n   printed here?") == comparable("What is printed here?")


def conversation(*texts: str, system: str | None = None) -> Record:
    turns = (Turn("user" if number % 2 == 0 else "assistant", text, "x") for number, text in enumerate(texts))
    return Record(1, tuple(turns), system)


def test_the_whole_input_is_compared():
    alone = input_hash(conversation("Which pier?", "4"))
    assert alone == question_hash("which pier") == input_hash(conversation("which pier ", "other answer"))
    others = [
        conversation("Which pier?", "4", system="Answer in French."),
        conversation("Which pier?", "4", system="Answer in German."),
        conversation("Hi", "Hello", "Which pier?", "4"),
        conversation("Hi", "Goodbye", "Which pier?", "4"),
        conversation("Guide: pier 4 is north.\n\nWhich pier?", "4"),
        conversation("Guide: pier 5 is north.\n\nWhich pier?", "4"),
    ]
    assert len({alone, *map(input_hash, others)}) == 7


def test_the_runs_system_prompt_may_stand_in_the_record():
    own = conversation("Which pier?", "4", system="Be brief.")
    assert input_hash(own, "be brief") == question_hash("Which pier?") != input_hash(own, "Be long.")


def tool(name: str, **more: object) -> ConverseJson:
    return {"toolSpec": {"name": name, "description": name, "inputSchema": {"json": {"type": "object"}}, **more}}


def test_the_offered_tools_belong_to_the_input():
    asked = conversation("Which pier?", "4")
    configs: list[ConverseJson] = [
        {"tools": [tool("piers")]},
        {"tools": [tool("ships")]},
        {"tools": [tool("piers"), tool("ships")]},
        {"tools": [tool("piers", description="Finds a pier.")]},
        {"tools": [tool("piers")], "toolChoice": {"any": {}}},
    ]
    records = [asked, *(replace(asked, tools=ToolConversation(config, ())) for config in configs)]
    assert len(set(map(input_hash, records))) == len(set(map(prompt_hash, records))) == 6
    # The order of the members of an object has no meaning.
    again = {"tools": [{"toolSpec": dict(reversed(list(tool("piers")["toolSpec"].items())))}]}
    assert input_hash(replace(asked, tools=ToolConversation(again, ()))) == input_hash(records[1])
