"""Folds the case of words, but not where it distinguishes: `5 g` and `5 G`, `Mb` and `MB`, `getName` and `getname`.

Code and identifiers keep theirs: `foo.Bar`, paths, options, Base64, positions of chess. Words do not, also where they
are abbreviations: `PATH` and `Path` are the same, because people write `what is aws` for `What is AWS`.

Letters are folded one by one: `Maße` and `Masse` are different words, so `ß` is not `ss`.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from itertools import compress, count
from math import inf
from operator import ne

# Letters with their accents, for scripts that have case.
# Armenian writes the marks of a question, an exclamation and an emphasis inside of the word: `Ի՞նչ`.
_WORD = re.compile(r"(?:[^\W\d_][\u0300-\u036f\u055b-\u055e]*)+")
_ARMENIAN_MARKS = re.compile("[\u055b-\u055e]")
_ACCENTS = frozenset((*range(0x300, 0x370), *range(0x55B, 0x55F)))
# Code and identifiers, where case distinguishes whatever the words are.
_CODE = re.compile(
    r"```.*?```|`[^`]*`"
    r"|\b[A-Za-z][\w+.-]{0,20}://\S+"  # an address
    r"|\b[A-Za-z]:\\\S+"  # a path of Windows
    r"|(?<![^\s\"'(])[~.]{0,2}/[\w.@-]+/[\w./@-]*"  # a path of Unix
    r"|(?<!\S)--?[A-Za-z][\w-]*"  # an option of a command
    r"|\b\w{1,80}(?:::\w{1,80})+"
    r"|\b[A-Za-z]\w{1,80}(?:\.\w{2,80}){0,6}\.[A-Z][a-z]\w*"  # `foo.Bar`, but neither `ASP.NET` nor `Node.js`
    r"|(?:[prnbqkPRNBQK1-8]{1,8}/){7}[prnbqkPRNBQK1-8]{1,8}(?: [wb] [KQkq-]{1,4})?"  # a position of chess
    # Base64 and the like: small letters, capitals inside and digits, or capitals at the beginning and inside.
    r"|(?<![\w+/])(?=[\w+/]*\d)(?=[\w+/]*[a-z])(?=[\w+/]*[^\W_][A-Z])[\w+/]{8,}={0,2}"
    r"|\b[A-Z]{2,}[a-z]+[A-Z]\w{2,}={0,2}",
    re.DOTALL,
)
# In ASCII, only a text with one of these needs a decision for each word: a capital inside a word or after a number, a
# word of one or two letters with a capital, a capture in chess, or code. The class comes first, which makes the search
# fast.
_SPECIAL = re.compile(
    r"[A-Z](?:(?<=[a-z].)|(?<=\d.)|(?<=\d .)|[A-Z]+[a-z]|[A-Za-z]?(?![A-Za-z])|[a-h]?x?[a-h][1-8])|[`_$(=/\\]"
    r"|::|\.[A-Z]|(?:^| )--?[A-Za-z]"
)
# In these letters, Turkish and its relatives have two i's: ı and i, I and İ.
_TURKIC = re.compile("[ıİğĞ]")
# Two letters that are several units, by case: Mb and MB, mm and Mm (megametre), mg and Mg, nm and NM (nautical mile).
# Co and CO are substances. The second list has acronyms too, so its case counts only after a number.
_UNITS = frozenset(("kb", "mb", "gb", "tb", "pb", "mm", "mg", "nm", "co"))
_UNITS_AFTER_A_NUMBER = _UNITS | {"ml", "ms", "pc", "pa", "cd"}
# Symbols of units with the prefixes of the SI. Case counts after a number where two of them differ only by it: Pg and
# pg, Mpc and mpc, Mrad and mrad.
_PREFIXES = ("", *"YZEPTGMkhdcmunpfazy")
_BASE_UNITS = (
    "m", "g", "s", "A", "K", "mol", "cd", "Hz", "N", "Pa", "J", "W", "C", "V", "F", "S", "Wb", "T", "H", "lm", "lx",
    "Bq", "Gy", "Sv", "kat", "L", "l", "t", "eV", "bar", "pc", "cal", "Cal", "rad", "sr", "B", "b",
)  # fmt: skip
_UNIT_SYMBOLS = tuple(prefix + unit for prefix in _PREFIXES for unit in _BASE_UNITS)
_SPELLINGS = Counter(unit.lower() for unit in dict.fromkeys(_UNIT_SYMBOLS))
_UNITS_BY_CASE = frozenset(unit for unit in _UNIT_SYMBOLS if _SPELLINGS[unit.lower()] > 1)
# Chemical elements and chords, which are other things in capitals (HF, DM) and nothing in small letters. Those that are
# words of many languages (In, No, La, Si) are not here.
_TWO_LETTER_SYMBOLS = re.compile(
    r"A[bgu]|B[abikmr]|C[adeflmnrsu]|D[bmsy]|E[bmu]|F[elmr]|G[abdem]|H[fgs]|Ir|Kr|"
    r"L[iruv]|M[cdgnt]|N[abdhp]|Og|P[bdmrtu]|R[abfghnu]|S[bcgmnr]|T[abchilms]|Xe|Yb|Z[nr]"
)
# Elements whose symbols are words: symbols only in a text about chemistry, and not where a sentence begins.
_ELEMENT_WORDS = re.compile(r"A[lmst]|B[aeh]|H[eo]|In|La|N[eio]|Os|P[aou]|Si")
_CHEMISTRY = re.compile(r"atom|element|elem|mol|chem|chim|quím|isotop|oxid|period|symbol|formul", re.IGNORECASE)
# A piece of chess with the file of its move, before the rank: `Bxc3` moves a bishop, `bxc3` a pawn.
_CHESS_MOVE = re.compile(r"[KQRBN][a-h]?x?[a-h]")
# Words of one letter, in Latin and Greek; the second ones are capital only where a sentence begins. Other letters of
# these alphabets are symbols. In other alphabets, letters without a neighbour are mostly words.
_ONE_LETTER_WORDS, _FIRST_WORDS = "ai", "eouyηο"
_SYMBOLS = re.compile("[A-Za-z\u0391-\u03c9]")
_SHORT_NAME = 4
_FOLLOWED_BY_WORD = re.compile(r" [^\W\d_]{2}")
_AFTER_NUMBER = re.compile(r"\d ?$")
_ELISION = re.compile(r"['’][^\W\d_]{2}|-[^\W\d_]{2}")
_INSIDE_A_CALL = re.compile(r"\w\($")
_CONTRACTION = re.compile(r"[^\W\d_]['’]$")
_SENTENCE_START = re.compile(r"(?:^|[.?!:…。]\s|[¿¡«“\"(—])\s*$")


def folded(text: str) -> str:
    """The text in small letters, except where case distinguishes. A text in capitals only is folded as a whole."""
    small = text.lower()
    if small == text or (text.isascii() and not _SPECIAL.search(text)):
        return small
    if text.isupper() and " " in text and re.search(r"[^\W\d_]{4}", text):
        return _small(text)
    turkic = bool(_TURKIC.search(text))
    code = _CODE.finditer(text)
    start, end = _next_span(code)
    parts: list[str] = []
    done = 0
    for at in _capitals(text):  # most words have none
        if at < done:
            continue
        while at >= end:
            start, end = _next_span(code)
        if at >= start:
            continue
        if word := _WORD.match(text, _word_start(text, at, done)):
            parts += (text[done : word.start()], word[0] if _keeps_case(word) else _small(word[0], turkic))
            done = word.end()
    return "".join((*parts, text[done:]))


def _next_span(matches: Iterator[re.Match[str]]) -> tuple[float, float]:
    """Beginning and end of the next match; infinity if there is none."""
    match = next(matches, None)
    return match.span() if match else (inf, inf)


def _capitals(text: str) -> Iterator[int]:
    """Where the capitals are."""
    small = text.lower()
    if len(small) != len(text):  # the small letter of `İ` has a dot of its own
        return (at for at, letter in enumerate(text) if letter != letter.lower())
    return compress(count(), map(ne, text, small))


def _word_start(text: str, at: int, first: int) -> int:
    """Where the word of the letter `at` begins, `first` at the earliest."""
    start = at
    while at > first:
        at -= 1
        if text[at].isalnum() and not text[at].isdecimal():
            start = at
        elif ord(text[at]) not in _ACCENTS:
            break
    return start


def _small(text: str, turkic: bool | None = None) -> str:
    if _TURKIC.search(text) if turkic is None else turkic:
        text = text.replace("I", "ı").replace("İ", "i")
    return text.lower()


def _keeps_case(match: re.Match[str]) -> bool:
    """Whether the case of the matched word distinguishes it: in code, symbols, units, genotypes and chess moves."""
    word, text = _ARMENIAN_MARKS.sub("", match[0]), match.string
    before, after = text[: match.start()][-8:], text[match.end() : match.end() + 4]
    if before.endswith(("_", "$")) or after.startswith(("_", "(", "=")) or _INSIDE_A_CALL.search(before):
        return True  # a name in code
    if len(word) == 1:
        return _is_symbol(word, before, after)
    if _is_unit(word, before) or _TWO_LETTER_SYMBOLS.fullmatch(word) or _is_genotype(word):
        return True
    if _ELEMENT_WORDS.fullmatch(word) and not _SENTENCE_START.search(before) and _CHEMISTRY.search(text):
        return True
    if after[:1] in "12345678" and after and _CHESS_MOVE.fullmatch(word):
        return True
    has_inner_capital = not (word.isupper() or word.istitle())
    # `mW`, `getName`, `NaCl` and `LoRa` are kept; long names such as `DynamoDB` are often written without capitals.
    return has_inner_capital and (word[0].islower() or len(word) <= _SHORT_NAME)


def _is_unit(word: str, before: str) -> bool:
    unit = word.lower()
    if unit in _UNITS:
        return True
    return bool((unit in _UNITS_AFTER_A_NUMBER or word in _UNITS_BY_CASE) and _AFTER_NUMBER.search(before))


def _is_genotype(word: str) -> bool:
    """`Aa`, `AA` and `aa` are different genes. `II` is a numeral, which is written in small letters too."""
    return len(word) == 2 and word[0].lower() == word[1].lower() != "i"


def _is_symbol(letter: str, before: str, after: str) -> bool:
    """Whether a single capital is a symbol, such as G, X or Ω, and not a word or a part of one."""
    if _AFTER_NUMBER.search(before):
        return True
    if after[:1].isdigit() or _ELISION.match(after) or _CONTRACTION.search(before):
        return False  # S3, L'eau, T-shirt, DON'T
    if not _FOLLOWED_BY_WORD.match(after):
        return True
    small = letter.lower()
    return bool(_SYMBOLS.match(letter)) and not (
        small in _ONE_LETTER_WORDS or (small in _FIRST_WORDS and _SENTENCE_START.search(before))
    )
