"""Extracts the visible text of an HTML page, in a time that is linear in its size.

The tokens are those of the HTML standard (https://html.spec.whatwg.org/multipage/parsing.html#tokenization). No
character is read twice: a comment, a tag or a quoted value that is not closed goes on to the end of the page, as in a
browser. Python's `html.parser` looks for the end of each again, so that its time grows with the square of the size.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from html import unescape

# Possessive quantifiers, so that nothing is kept for going back. A quotation mark counts only after an equals sign.
_MARKUP = re.compile(
    r"""
    <!--(?:-?>|.*?(?:--!?>|\Z))
    |<(?P<end>/?)(?P<tag>[a-z][^\s/>]*+)(?P<attributes>(?:[^>=]|=\s*+(?:"[^"]*+(?:"|\Z)|'[^']*+(?:'|\Z))?)*+)(?:>|\Z)
    |<[!?/].*?(?:>|\Z)
    """,
    re.DOTALL | re.VERBOSE | re.IGNORECASE,
)
_ATTRIBUTE = re.compile(r"""([^\s=/>"']++)(?:\s*+=\s*+("[^"]*+"?|'[^']*+'?|[^\s>]*+))?""")
# Their content is text up to the end tag, whatever is in it.
_RAW = {"script", "style", "title", "textarea", "xmp", "iframe", "noembed", "noframes"}
_LONG_REFERENCE = re.compile(r"&#(?:[0-9]{8,}|x[0-9a-f]{7,});?", re.IGNORECASE)  # Python converts only short numbers
_UNSEEN = {"script", "style", "template", "noscript", "title", "svg", "math", "iframe", "object", "select"}
_VOID = {"area", "base", "br", "col", "embed", "hr", "img", "input", "link", "meta", "source", "track", "wbr"}
_INLINE = {
    "a", "abbr", "b", "bdi", "bdo", "cite", "code", "data", "del", "dfn", "em", "font", "i", "ins", "kbd", "label",
    "mark", "q", "rp", "rt", "ruby", "s", "samp", "small", "span", "strong", "sub", "sup", "time", "tt", "u", "var",
    "wbr",
}  # fmt: skip
# HTML allows leaving out the end tags of these: the next element of the same kind closes them. A paragraph is closed by
# any block element.
_ENDED_BY_NEXT = {"li", "dt", "dd", "tr", "td", "th", "option"}
_HIDING = re.compile(r"display\s*:\s*none|visibility\s*:\s*hidden|font-size\s*:\s*0", re.IGNORECASE)


def html_text(page: str) -> str:
    """The text of the page, blocks separated by blank lines."""
    visible = _Visible()
    for text, tag in _tokens(page):
        visible.add(text)
        if tag is not None:
            visible.mark(tag)
    blocks = (" ".join(block.split()) for block in "".join(visible.pieces).split("\f"))
    return "\n\n".join(block for block in blocks if block)


@dataclass(frozen=True, slots=True)
class _Tag:
    name: str
    attributes: str
    is_end: bool

    @property
    def is_empty(self) -> bool:
        """Whether it closes itself, as in XHTML: `<br/>`."""
        return self.attributes.endswith("/")


def _tokens(page: str) -> Iterator[tuple[str, _Tag | None]]:
    """Each tag with the text before it. Comments and declarations have a text before them, and no tag."""
    at = 0
    while at < len(page):
        found = _MARKUP.search(page, at)
        if found is None:
            break
        text, at = page[at : found.start()], found.end()
        if not found["tag"]:
            yield text, None
            continue
        tag = _Tag(found["tag"].lower(), found["attributes"], bool(found["end"]))
        yield text, tag
        if tag.name in _RAW and not tag.is_end and not tag.is_empty:
            closing = re.compile(rf"</{tag.name}(?=[\s/>])", re.IGNORECASE).search(page, at)
            end = closing.start() if closing else len(page)
            yield page[at:end], None
            at = end
    yield page[at:], None


class _Visible:
    """Collects visible text. A form feed (`\\f`) marks the end of a block; form feeds in the text become spaces."""

    def __init__(self) -> None:
        self.pieces: list[str] = []
        self._open: list[tuple[str, bool]] = []
        self._depth: Counter[str] = (
            Counter()
        )  # open elements per tag: searching the list would be slow in deeply nested pages

    def add(self, text: str) -> None:
        """Adds a text with its character references, unless it is hidden."""
        if text and not self._hidden:
            self.pieces.append(_unescaped(text).replace("\f", " "))

    def mark(self, tag: _Tag) -> None:
        """Opens or closes the element of a tag."""
        if tag.name not in _INLINE:
            self.pieces.append("\f")
        if tag.is_end:
            self._close_element(tag.name)
        elif not tag.is_empty:
            self._open_element(tag)

    @property
    def _hidden(self) -> bool:
        return bool(self._open) and self._open[-1][1]

    def _open_element(self, tag: _Tag) -> None:
        if tag.name not in _INLINE and self._open:
            last = self._open[-1][0]
            if last == "p" or last == tag.name in _ENDED_BY_NEXT:
                self._close()
        if tag.name not in _VOID:
            self._open.append((tag.name, self._hidden or tag.name in _UNSEEN or _hides(tag.attributes)))
            self._depth[tag.name] += 1

    def _close_element(self, name: str) -> None:
        """An end tag without a start tag is ignored. Elements still open inside the closed one are closed as well."""
        if self._depth[name]:
            while self._close() != name:
                pass

    def _close(self) -> str:
        tag, _ = self._open.pop()
        self._depth[tag] -= 1
        return tag


def _hides(attributes: str) -> bool:
    for match in _ATTRIBUTE.finditer(attributes):
        name, value = match[1].lower(), _unescaped((match[2] or "").strip("\"'"))
        if name == "hidden" or (name == "aria-hidden" and value == "true"):
            return True
        if name == "style" and _HIDING.search(value):
            return True
    return False


def _unescaped(text: str) -> str:
    """The text with the characters that its references (`&amp;`) stand for."""
    return unescape(_LONG_REFERENCE.sub("\N{REPLACEMENT CHARACTER}", text)) if "&" in text else text
