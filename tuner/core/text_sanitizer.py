"""Makes foreign text safe for the place where it is shown: a terminal, a page, a message or a spreadsheet.

Foreign text is everything that others wrote: keys of settings, names of files and datasets, answers of models, reasons
of judges, errors of other services.

readable          every outlet for people: no control characters, no marks that hide or reorder text
without_links     messages that other programs display (mail, chat, Markdown): also no live links and no mentions
shown_name        names of files and datasets in sentences: also no line breaks, and not long
spreadsheet_cell  cells of a CSV file: also no formulas
json_escaped      JSON on standard output: escapes what is not readable, and loses nothing

`is_blank` says whether a text shows anything at all.
"""

from __future__ import annotations

import json
import re

from tuner.core.wording import shortened

# U+200C and U+200D join or separate letters in Persian, in Indic scripts and in emoji, so both neighbours are such
# characters. Beside Latin letters and at the ends of a text they are only invisible.
_NOT_LATIN = "[^\\x00-\u024f\u2000-\u206f]"
_JOINERS = f"(?<!{_NOT_LATIN})[\u200c\u200d]|[\u200c\u200d](?!{_NOT_LATIN})"
# They choose the form of the character before them, so each follows one. A row of them can hide any text.
_VARIATIONS = "[\ufe00-\ufe0f\U000e0100-\U000e01ef]"
# Control characters except line feed and tab; characters without width; line and paragraph separators; marks that
# change the direction of text (they can make text look like other text); tag characters; surrogates, which UTF-8
# cannot encode; U+FFFE and U+FFFF, which XML does not have.
_UNREADABLE = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\u034f\u061c\u115f\u1160\u17b4\u17b5\u180e\u200b\u200e\u200f\u2028-\u202e\u2060-\u206f"
    f"\u3164\ufeff\uffa0\ufff9-\ufffb\ufffe\uffff\ud800-\udfff\U000e0000-\U000e007f]|{_JOINERS}|"
    f"(?:(?<={_VARIATIONS})|(?<![^\\s])){_VARIATIONS}"
)
_SURROGATES = re.compile("[\ud800-\udfff]")
# What shows nothing and is no white space: control characters, Unicode's property Default_Ignorable_Code_Point
# (zero-width spaces and joiners, soft hyphens, fillers), and the braille pattern without dots.
_SHOW_NOTHING = (
    *((0x00, 0x1F), (0x7F, 0x9F), (0xAD, 0xAD), (0x34F, 0x34F), (0x61C, 0x61C), (0x115F, 0x1160), (0x17B4, 0x17B5)),
    *((0x180B, 0x180F), (0x200B, 0x200F), (0x202A, 0x202E), (0x2060, 0x206F), (0x2800, 0x2800), (0x3164, 0x3164)),
    *((0xFE00, 0xFE0F), (0xFEFF, 0xFEFF), (0xFFA0, 0xFFA0), (0xFFF0, 0xFFF8), (0x1BCA0, 0x1BCA3), (0x1D173, 0x1D17A)),
    (0xE0000, 0xE0FFF),
)
SHOWS_NOTHING = frozenset(chr(code) for first, last in _SHOW_NOTHING for code in range(first, last + 1))

# `https://`, `//host`, but not `s3://`, which no program opens. U+FF1A is the full-width colon.
_ADDRESS = re.compile("(?<![a-z0-9])(?!s3:)([a-z][a-z0-9+.-]{0,30})[:\uff1a](?=[/\uff0f\\\\]{2})", re.I)
_NO_SCHEME = re.compile("(?<![:/\uff0f\\w\\]])//(?=\\w)")
_SCHEME = re.compile("\\b(mailto|tel|sms|javascript|data|vbscript|file|slack|msteams|xmpp)[:\uff1a](?=\\S)", re.I)
# Text that went through here before stays as it is, also with the escapes of Markdown.
_MENTION = re.compile(r"(?<!\[)[@\uff20\ufe6b]|[@\uff20\ufe6b](?!\\?\])")
_SLACK = re.compile("[<\uff1c](?=[!@#])")
# What mail and chat programs make a link of without a scheme: `www.x`, `x.com`, `x.anything/path`, `x.anything:80`.
# Two letters are a country (`gz` is none); of the other top-level domains, these are in wide use. Dotted keys of
# settings and names of data files end in none of them.
_DOT = "[.\u3002\uff0e\uff61]"
_TOP_LEVEL = (
    "(?!gz)[^\\W\\d_]{2}|xn--[a-z0-9-]+|com|net|org|info|biz|edu|gov|mil|int|arpa|app|dev|xyz|online|site|shop|store|top|club|"
    "live|link|click|cloud|page|web|website|space|fun|pro|mobi|jobs|news|blog|wiki|tech|digital|agency|company|email|"
    "support|help|work|world|today|life|zone|center|services|solutions|systems|network|host|press|media|group|team|"
    "finance|money|bank|loan|win|bid|vip|icu|monster|quest|rest|cam|cfd|sbs|bond|zip|mov|foo|new|"
    "google|amazon|aws|microsoft|example|test|invalid|localhost|onion"
)
# The limits of repetitions keep the time linear. The pages of this project's documentation are no hosts.
_HOST = re.compile(
    f"(?<![\\w-])(?!(?<=docs/)[\\w-]+\\.md(?![\\w/:]))(?:www{_DOT}[\\w.-]+|"
    f"(?:[\\w-]{{1,63}}{_DOT}){{1,10}}(?:(?:{_TOP_LEVEL})(?![\\w-])|[^\\W\\d_]{{2,63}}(?=:\\d|/\\w))|"
    f"\\d{{1,3}}(?:{_DOT}\\d{{1,3}}){{3}}(?![\\w.]))",
    re.I,
)
# A spreadsheet runs a cell that begins with one of these; some also take the full-width forms.
_FORMULA = "[=+\\-@\uff1d\uff0b\uff0d\uff20\ufe62\ufe63\ufe66\ufe6b\u2212]"
# Some locales separate cells with semicolons or tabs, so a part of a cell can begin a cell there. What may come before
# the formula has no separator, so each character is looked at once for the separator before it.
_CELL = re.compile(f"(^|[;\\t\\r\\n])((?:[^\\S\\t\\r\\n]|[\"'])*)(?={_FORMULA})|^(?=[\\t\\r])")


def is_blank(text: str) -> bool:
    """Whether a text shows nothing. Everywhere, such a question or answer counts as not given."""
    return all(letter in SHOWS_NOTHING or letter.isspace() for letter in text)


def readable(text: str) -> str:
    """The text with U+FFFD for each control character, invisible or direction mark and surrogate.

    Windows line ends (carriage return and line feed) become line feeds.
    """
    return _UNREADABLE.sub("\ufffd", text.replace("\r\n", "\n"))


def without_links(text: str) -> str:
    """The readable text, without anything that a mail or chat program makes a link or a mention of.

    Square brackets around one character interrupt the link, and show what was written.

    >>> without_links("see https://evil.com/x, @channel")
    'see https[:]//evil[.]com/x, [@]channel'
    """
    shown = _ADDRESS.sub(r"\1[:]", readable(text))
    shown = _NO_SCHEME.sub("[/]/", _SCHEME.sub(r"\1[:]", shown))
    shown = _SLACK.sub("[<]", shown)
    return _HOST.sub(lambda host: re.sub(_DOT, lambda dot: f"[{dot[0]}]", host[0]), _MENTION.sub(r"[\g<0>]", shown))


def as_sentence(text: str) -> str:
    """The text with a full stop, because another sentence follows."""
    return text if text.rstrip().endswith((".", "?", "!")) else f"{text.rstrip(' :')}."


def one_line(text: str, longest: int) -> str:
    """The text without links, in one line of at most `longest` characters.

    >>> one_line("two\\nlines", 6)
    'two...'
    """
    return shortened(" ".join(without_links(text).split()), longest)


def shown_name(name: str, longest: int = 80) -> str:
    """The name of a file or a dataset for a sentence: in one line of at most `longest` characters.

    S3 allows line breaks in names. With one, a name could write lines of its own into a message.

    >>> shown_name("faq\\n\\nApprove it: tuner approve evil")
    'faq Approve it: tuner approve evil'
    """
    return shortened(" ".join(readable(name).split()), longest)


def spreadsheet_cell(text: str) -> str:
    """The text with an apostrophe before everything that a spreadsheet would run, whatever separates its cells.

    >>> spreadsheet_cell("a;=cmd|' /C calc'!A0")
    "a;'=cmd|' /C calc'!A0"
    """
    return _CELL.sub(r"\1\2'", readable(text))


def json_escaped(document: str) -> str:
    """The JSON document with escapes for all characters that are not readable. Its values are the same."""
    return _UNREADABLE.sub(lambda found: json.dumps(found[0])[1:-1], document)


def storable(text: str) -> str:
    """The text with U+FFFD for each surrogate. JSON can escape a lone one; UTF-8 cannot encode it."""
    return _SURROGATES.sub("\ufffd", text)
