"""Splits texts into tokens: the one definition that every measure, and the marks of differences in the report, use.

The boundaries are Unicode's own (UAX 29, Unicode Text Segmentation): a mark belongs to its letter, `1.10`, `it's` and
`snake_case` are one token each. Scripts that are written without spaces are split into grapheme clusters. A symbol is a
token, so `-5` and `5`, `C` and `C++`, `€5` and `$5` differ. Punctuation counts as well, except where it only structures
prose: the full stop after a word, quotation marks around words, Markdown's asterisks. docs/evaluation.md has the list,
and a comparison with other libraries.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator
from functools import cache
from typing import NamedTuple

import regex

# Written without spaces between words. Tibetan is not listed: it separates syllables, which UAX 29 finds.
_UNSPACED = "".join(
    rf"\p{{Script={name}}}"
    for name in (
        *("Han", "Hiragana", "Katakana", "Thai", "Lao", "Khmer", "Myanmar", "Javanese", "Balinese", "Yi"),
        *("Tai_Le", "New_Tai_Lue", "Tai_Tham", "Tai_Viet"),
    )
)
# Takes the place of ignored punctuation. It is not a space, so that `"Paris",` still has a comma after a word.
_IGNORED = "\0"
# A character that shows: a text of zero-width characters has no token.
_VISIBLE = regex.compile(r"(?V1)[^\s\p{Default_Ignorable_Code_Point}\p{Cc}]")
# The flag `w` makes `\b` the word boundary of UAX 29.
_SEGMENT = regex.compile(r"(?w)\S(?s:.*?)\b")
# The same boundaries for ASCII, without what does not show. It takes half the time of `_SEGMENT`. As there, an
# apostrophe belongs to a vowel after it.
_ASCII_SEGMENT = re.compile(
    r"""
    (?: '(?=[AEIOUaeiou]) )?
    [A-Za-z0-9_]+ (?: (?: (?<=[A-Za-z])[.':](?=[A-Za-z]) | (?<=[0-9])[.,;'](?=[0-9]) ) [A-Za-z0-9_]+ )*
    | [!-~]
    """,
    re.VERBOSE,
)
_IN_UNSPACED = regex.compile(rf"[{_UNSPACED}]")
# Two vowel signs of Burmese are marks, and still begin a cluster of their own in UAX 29.
_CLUSTER = regex.compile(r"\X\p{M}*")

# regex ends a word at a point or an apostrophe that follows a mark (`कि.मी`), where UAX 29 ignores the mark (rule WB4).
# So it gets the letter again in the place of the mark.
# The pattern begins with the mark, which is rare: one that begins with the letter takes twenty times as long.
_MARKS = regex.compile(rf"(?V1)(?<=[[\p{{L}}\p{{N}}_]--[{_UNSPACED}]])[\p{{M}}\u200c\u200d]+")

_EDGE = rf"[\s{_IGNORED}]"
_LETTER = r"[\p{L}\p{M}]"
# Vowels and final consonants of Korean are letters on their own in Unicode's form NFD, and part of a letter in NFC.
_PART_OF_LETTER = r"\u1160-\u11ff\ud7b0-\ud7ff"
_ONE_LETTER = rf"[\p{{L}}--[{_PART_OF_LETTER}]][\p{{M}}{_PART_OF_LETTER}]*"
_TWO_LETTERS = _ONE_LETTER * 2
_NOT_IN_WORD = rf"[[\w*]--[{_UNSPACED}]]"
# Longer pairs are not looked for: without a limit, the time would grow with the square of the text's length.
_LONGEST_PAIR = 400
# Pairs around prose. What is between them is kept.
_PAIRS = tuple(
    regex.compile(rf"(?V1){pattern}")
    for pattern in (
        # Quotation marks around anything, and Markdown's code.
        rf"""(?<!{_NOT_IN_WORD}|["'`])(["'`]{{1,3}})(?!["'`])((?:(?!\1).){{1,{_LONGEST_PAIR}}}?)(\1)(?!{_NOT_IN_WORD})""",
        # Markdown's emphasis. Asterisks beside a space or inside a word multiply, or name Python's arguments.
        rf"(?<!{_NOT_IN_WORD})(\*{{1,3}})(?=[^\s*])([^*\n]{{0,{_LONGEST_PAIR}}}[^\s*])(\1)(?!{_NOT_IN_WORD})",
        # Round brackets around words. Around numbers (an interval, a loss) and after a name (a call) they count.
        rf"(?:(?<=^|{_EDGE}|[{_UNSPACED}])(\()|(（))(?=[^()（）]{{0,{_LONGEST_PAIR}}}?{_TWO_LETTERS})([^()（）]{{2,{_LONGEST_PAIR}}})([)）])",
    )
)
_PROSE = regex.compile(
    rf"""(?V1xm)
    (?=[\p{{P}}`~]) (?:
      # The lists and headings of a text of several lines, and the fences of code.
      (?<=^[ \t]*) (?: [-*•‣◦] | \#{{1,6}} ) (?=[ \t]) (?: (?<=\n[ \t]*+[-*•‣◦\#]++) | (?=.*\n) )
    | (?<=^[ \t]*) (?:`{{3}}|~{{3}}) .* $
      # Sentence marks after something. `5!` is no sentence, and nothing else than ASCII is code.
      # U+0387 and U+037E are Greek marks that Unicode's form NFC replaces by · and ;.
    | (?<=[^\s.,;:!?…]) (?: [.,;:?…·\u0387\u037e] | (?<!\d)! )+
      (?= [\s{_IGNORED}\p{{Pe}}\p{{Pf}}"'`] | $ | [{_UNSPACED}] )
      # French has a space before them, which does not break, and in carelessly typed text is a usual one.
    | (?<= {_TWO_LETTERS} [\u00a0\u202f] ) [!?;:]+ (?=[\s{_IGNORED}]|$)
    | (?<= {_TWO_LETTERS} [ ] ) !+ \Z
    | (?! (?<=\d) [，．：] \d ) [ \p{{Terminal_Punctuation}} -- [\p{{ASCII}}\u0387\u037e] ]
      # Separators of syllables in Tibetan, and of names in Japanese.
    | [་༌・]
    | [¿¡] | [“”„‟«»‹›「」『』〝〞〈-】〔-〛•] | (?<!\w)[‘’‚] | (?<!\d)[‘’](?!\w)
      # Quotation marks without a partner. After a number they are feet and inches, after one letter a derivative.
    | (?<= {_TWO_LETTERS} | [.,!?…] ) ["'`]++ (?!\w) | (?<![\w"'`]) ["'`]++ (?={_LETTER})
      # Hyphens inside of words, and dashes between words. Between numbers, and before one, they count.
    | (?<={_LETTER}) [-‐‑־] (?=[\p{{L}}\d]) | (?<=\d) [-‐‑] (?=\p{{L}})
    | [—―] | (?<!\d) – (?!\d)
    )
    """
)
_FOLDED_CHARACTERS = str.maketrans(dict.fromkeys("’‘ʼ", "'") | dict.fromkeys("‐‑−–﹣", "-"))
# For UAX 29, it is a part of words (ExtendNumLet), because Mongolian puts it before suffixes. In `5 km` it is a space.
_NARROW_SPACE = "\u202f"
# Lengthens an Arabic word, without another meaning: كتـاب is كتاب. Alone it is a sign.
_KASHIDA = "\u0640"
# Direction marks, soft hyphens, variation selectors and the like show nothing. Joiners and tags can make a difference.
_INVISIBLE = regex.compile(r"[\u00ad\u200e\u200f\u202a-\u202e\u2060-\u2064\u2066-\u2069\ufe00-\ufe0f\ufeff]")
# Kinds of compatibility characters that are another form of the same: of another width, or of a place in a word.
# Superscripts, subscripts and fractions are not: x² is not x2.
_SAME_CHARACTER = ("<wide>", "<narrow>", "<initial>", "<medial>", "<final>", "<isolated>")


class Token(NamedTuple):
    """A token with its place in the text: `text[start:end]` is how it is written, `folded` what is compared."""

    folded: str
    start: int
    end: int


def tokens(text: str) -> list[str]:
    """The tokens of a text, folded. None for a text that is blank or has punctuation of prose only, such as a dash."""
    return [token.folded for token in placed_tokens(text)]


def placed_tokens(text: str) -> Iterator[Token]:
    """The tokens of a text in their order, each with its place."""
    plain = _without_prose_punctuation(text)
    if plain.isascii():  # the usual case
        for word in _ASCII_SEGMENT.finditer(plain):
            yield Token(word[0].lower(), *word.span())
    else:
        yield from _unicode_tokens(plain)


def _unicode_tokens(plain: str) -> Iterator[Token]:
    """The tokens of a text without punctuation of prose."""
    plain = plain.replace(_NARROW_SPACE, " ")
    unmarked = _MARKS.sub(lambda match: match.string[match.start() - 1] * len(match[0]), plain)
    # A mark belongs to a space before it, but not to a line break (rule WB4), and spaces before the text do not count:
    # every text begins after a line break.
    inner = unmarked.lstrip()
    shift = len(plain) - len(inner) - 1
    for segment in _SEGMENT.finditer(f"\n{inner}"):
        start, end = segment.start() + shift, segment.end() + shift
        written = plain[start:end]
        if written.isascii():
            if written.isprintable():
                yield Token(written.lower(), start, end)
        elif _IN_UNSPACED.search(written):
            clusters = _CLUSTER.finditer(plain, start, end)
            yield from (Token(_folded(each[0]), *each.span()) for each in clusters if _VISIBLE.search(each[0]))
        elif _VISIBLE.search(written):
            yield Token(_folded(written), start, end)


def clusters(text: str) -> list[str]:
    """The grapheme clusters of a text without its spaces: what BLEU compares in scripts without spaces."""
    return [cluster for cluster in _CLUSTER.findall(text) if _VISIBLE.search(cluster)]


def _without_prose_punctuation(text: str) -> str:
    """The text with ignored punctuation replaced. No other character moves, and spaces around the text do not count."""
    inner = text.strip()
    before = len(text) - len(text.lstrip())
    after = text[before + len(inner) :]
    for pair in _PAIRS:
        inner = pair.sub(_without_pair, inner)
    inner = _PROSE.sub(lambda match: _IGNORED * len(match[0]), inner)
    return f"{text[:before]}{inner}{after}"


def _without_pair(match: regex.Match[str]) -> str:
    opening, *_, closing = (group for group in match.groups() if group is not None)
    inner = match[0][len(opening) : len(match[0]) - len(closing)]
    return f"{_IGNORED * len(opening)}{inner}{_IGNORED * len(closing)}"


def _folded(written: str) -> str:
    """Without case, Unicode form and character width.

    The case is folded with `lower`: `casefold` would make the German words Maße and Masse equal.
    """
    same = "".join(map(_same_character, _INVISIBLE.sub("", written)))
    # `lower` makes two characters of the Turkish İ, which are not the Turkish i.
    small = same.translate(_FOLDED_CHARACTERS).replace("İ", "i").lower()
    return unicodedata.normalize("NFC", small.replace(_KASHIDA, "") or small)


@cache
def _same_character(character: str) -> str:
    kind = unicodedata.decomposition(character).partition(" ")[0]
    # Ligatures (ﬁ) and the micro sign are letters; a letter's other <compat> characters, such as ⑴, are not.
    folds = kind in _SAME_CHARACTER or (kind == "<compat>" and character.isalpha())
    return unicodedata.normalize("NFKC", character) if folds else character
