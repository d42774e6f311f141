"""Extracts the visible text of an HTML page."""

from __future__ import annotations

import re
from collections import Counter
from html.parser import HTMLParser

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
    parser = _Visible()
    parser.feed(page)
    parser.close()
    blocks = (" ".join(block.split()) for block in "".join(parser.pieces).split("\f"))
    return "\n\n".join(block for block in blocks if block)


class _Visible(HTMLParser):
    """Collects visible text. A form feed (`\\f`) marks the end of a block; form feeds in the text become spaces."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.pieces: list[str] = []
        self._open: list[tuple[str, bool]] = []
        self._depth: Counter[str] = (
            Counter()
        )  # open elements per tag: searching the list would be slow in deeply nested pages

    @property
    def _hidden(self) -> bool:
        return bool(self._open) and self._open[-1][1]

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag not in _INLINE:
            self.pieces.append("\f")
            if self._open and (self._open[-1][0] == "p" or self._open[-1][0] == tag in _ENDED_BY_NEXT):
                self._close()
        if tag not in _VOID:
            self._open.append((tag, self._hidden or tag in _UNSEEN or _hides(dict(attrs))))
            self._depth[tag] += 1

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag not in _INLINE:
            self.pieces.append("\f")

    def handle_endtag(self, tag: str) -> None:
        if tag not in _INLINE:
            self.pieces.append("\f")
        # An end tag without a start tag is ignored. Elements still open inside the closed one are closed as well.
        if self._depth[tag]:
            while self._close() != tag:
                pass

    def _close(self) -> str:
        tag, _ = self._open.pop()
        self._depth[tag] -= 1
        return tag

    def handle_data(self, data: str) -> None:
        if not self._hidden:
            self.pieces.append(data.replace("\f", " "))


def _hides(attributes: dict[str, str | None]) -> bool:
    hidden = "hidden" in attributes or attributes.get("aria-hidden") == "true"
    return hidden or bool(_HIDING.search(attributes.get("style") or ""))
