"""Hostile inputs of every reader: a part that is repeated, with something before and after it.

`FOUND_BEFORE` has the inputs that readers were slow for, and others like them. `drawn` makes others from the words of
each format.
"""

from __future__ import annotations

import random
from dataclasses import dataclass

NUMBER = "№"


@dataclass(frozen=True, slots=True)
class Hostile:
    """A repeated part, with what is before and after it. `reader` is a key of `WORDS`.

    `NUMBER` in the part is the number of its repetition, so that each is another one.
    """

    reader: str
    part: str
    before: str = ""
    after: str = ""

    def data(self, size: int) -> bytes:
        """About `size` bytes of it."""
        part = self.part.encode("utf-8", "surrogatepass")
        count = max(1, size // len(part))
        if NUMBER in self.part:
            repeated = b"".join(part.replace(NUMBER.encode(), b"%d" % number) for number in range(1, count + 1))
        else:
            repeated = part * count
        return self.before.encode() + repeated + self.after.encode()


_GOOD = '{"question": "What is it?", "answer": "An endpoint."}'
_W = '<w:document xmlns:w="http://schemas.openxmlformats.org/wordprocessingml/2006/main">'
_SHEET = '<worksheet xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main">'
_STYLES = '<styleSheet xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main">'
_PAGE = "BT /F1 10 Tf 50 800 Td 12 TL (A line of text that is long enough to be read.) Tj T* "
_PDF = "1 0 obj\n<< /Type /Catalog /Pages 2 0 R >>\nendobj\n2 0 obj\n<< /Type /Pages /Count 1 /Kids ["


def _with_blanks(words: str) -> list[str]:
    return [f"{word} " for word in words.split()]


_JSON_WORDS = [
    "{",
    "}",
    "[",
    "]",
    ",",
    ":",
    '"',
    "\\",
    "\n",
    " ",
    '"question":',
    '"answer":',
    '"a":',
    '"x"',
    '\\"',
    "1",
    "-",
    "1e9",
    "null",
    "true",
    "NaN",
    "'",
    "\u2028",
    "é",
    "\\ud83d",
    "\\u0000",
    _GOOD,
    '{"a":',
    "[[",
    '{"data":[',
    '"messages":[',
]
WORDS: dict[str, list[str]] = {
    "jsonl": _JSON_WORDS,
    "json": _JSON_WORDS,
    "csv": [
        ",",
        ";",
        "\t",
        '"',
        '""',
        "\n",
        "\r",
        "\r\n",
        "a",
        " ",
        "question",
        "answer",
        "é",
        "sep=;",
        '"a\nb"',
        "\0",
    ],
    "tsv": ["\t", '"', '""', "\n", "\r\n", "a", " ", "question", "answer", ",", "é"],
    "html": [
        "<",
        ">",
        "</",
        "/>",
        "<!--",
        "-->",
        "<!",
        "<?",
        "<![CDATA[",
        "]]>",
        "<!DOCTYPE",
        "<a ",
        "<p>",
        "</p>",
        "<div>",
        "</div>",
        "<script>",
        "</script>",
        "<title>",
        "<style",
        "=",
        '"',
        "'",
        " ",
        "\n",
        "&",
        "&#",
        "&amp;",
        "9",
        ";",
        "x",
        "hidden",
        "style=",
        "display:none",
        "display",
        "<li>",
        "<td>",
        "<svg>",
        "<select>",
        "<textarea>",
        "\f",
    ],
    "md": ["[", "](", ")", "<!--", "-->", "\n", "\n\n", " ", "#", "x", '"', "(", "|", "\t", "* "],
    "txt": [" ", "\n", "\t", "x", ".", "\r", "\r\n", "é", "\u3000", "。", "1", "\n \n"],
    "docx": [
        "<w:p>",
        "</w:p>",
        "<w:r>",
        "</w:r>",
        "<w:t>",
        "</w:t>",
        "<w:t>x</w:t>",
        "<w:tab/>",
        "x",
        " ",
        "<w:rPr>",
        "</w:rPr>",
        "<w:vanish/>",
        "<w:x/>",
        "<w:x a='1' b='2'/>",
        "<!-- -->",
        "<![CDATA[x]]>",
        "&#120;",
        "&amp;",
        "<?x?>",
        "<w:p><w:r><w:t>x</w:t></w:r></w:p>",
        "<w:r><w:t>x</w:t></w:r>",
    ],
    # A blank ends a word of PDF, and a name begins with a slash.
    "pdf": [
        *["<<", ">>", "[", "]", "(", ")", "<", ">", "/"],
        *_with_blanks("/Kids /Type /Page /Pages /Count /Parent /Length /Filter /FlateDecode /Prev /Root /Contents"),
        *_with_blanks("/Resources /ObjStm /XRef /Annots 1 0 2 9 R obj endobj stream endstream xref trailer startxref"),
        *_with_blanks("%%EOF null true -1 1.5"),
        "%",
        "\\",
        "#41",
        "\n",
        f"{NUMBER} 0 obj ",
        f"{NUMBER} 0 R ",
        f"/{NUMBER} ",
    ],
    "pdf page": [
        *["<<", ">>", "[", "]", "(", ")", "<", ">", "/", "x", "9"],
        *_with_blanks("BT ET q Q Tj TJ T* Td TD Tm Tf Tr Do cm BI ID EI BDC EMC BMC ' \" (x) /F1 /X 1 0 -1 1.5"),
        "%",
        "\\",
        "\n",
        "(x) Tj ",
        "[(x)] TJ ",
        "1 1 Td ",
        f"1 0 0 1 1 {NUMBER} Tm (x) Tj ",
        f"({NUMBER}) Tj ",
    ],
    "parquet": [",", "\n", "x", "é", "x\n", "x,y\n", NUMBER],
    "xlsx sheet": [
        "<row>",
        "</row>",
        "<row/>",
        f'<row r="{NUMBER}">',
        '<row r="7">',
        "<c>",
        "</c>",
        "<c/>",
        '<c t="inlineStr"><is><t>x</t></is></c>',
        f'<c r="A{NUMBER}">',
        f'<c t="s"><v>{NUMBER}</v></c>',
        '<c t="d"><v>2026-01-01</v></c>',
        "<c><f>1</f></c>",
        "<v>",
        "</v>",
        "<v>1</v>",
        "<is>",
        "</is>",
        "<r><t>x</t></r>",
        "<t>x</t>",
        "<x/>",
        "&#120;",
        "x",
        "</sheetData>",
        "<mergeCells>",
        f'<mergeCell ref="A{NUMBER}:B{NUMBER}"/>',
        f'<hyperlink ref="A{NUMBER}"/>',
    ],
    "xlsx styles": [
        "<fonts>",
        "<font/>",
        "<font><b/></font>",
        "</fonts>",
        "<cellXfs>",
        f'<xf numFmtId="{NUMBER}"/>',
        "<xf/>",
        "</cellXfs>",
        "<numFmts>",
        f'<numFmt numFmtId="{NUMBER}" formatCode="0{NUMBER}"/>',
        "</numFmts>",
        "<x/>",
        "x",
    ],
    "yaml": [
        "a",
        ":",
        " ",
        "\n",
        "- ",
        "? ",
        "{",
        "}",
        "[",
        "]",
        ",",
        '"',
        "'",
        "|",
        ">",
        "#",
        "&a ",
        "*a ",
        "!!int ",
        "%",
        "---",
        "  ",
        "\\",
        "1",
        ": ",
        "a: ",
        "[]",
        "{}",
    ],
}
_AROUND: dict[str, list[tuple[str, str]]] = {
    "jsonl": [("", ""), (_GOOD + "\n", ""), (_GOOD + "\n" + '{"question": "', ""), ('{"a": ', "}")],
    "json": [
        ("[", ""),
        (f"[{_GOOD},", "]"),
        ('{"data": [', "]}"),
        ("{", "}"),
        (f"[{_GOOD}]", ""),
        ('[{"question": "', ""),
    ],
    "csv": [("", ""), ("question,answer\n", ""), ('question,answer\n"', ""), ("sep=;\n", "")],
    "tsv": [("", ""), ("question\tanswer\n", "")],
    "html": [("<html>", ""), ("<html><a ", ">"), ("<html><script>", ""), ('<html><p style="', '">')],
    "md": [("", ""), ("x", "\n")],
    "txt": [("", ""), ("x" * 50, "")],
    "docx": [
        (_W, "</w:document>"),
        (_W + "<w:p><w:r><w:t>", "</w:t></w:r></w:p></w:document>"),
        (_W + "<w:p>", "</w:p></w:document>"),
        (_W + "<w:p><w:r>", "</w:r></w:p></w:document>"),
        ("", ""),
    ],
    "pdf": [("", ""), (_PDF, "] >>\nendobj"), (_PDF + "3 0 R] >>\nendobj\n3 0 obj ", "\nendobj")],
    "pdf page": [(_PAGE, " ET"), (_PAGE + "(", ") Tj ET"), (_PAGE + "[", "] TJ ET")],
    "parquet": [("", ""), ("question,answer\n", "")],
    "xlsx sheet": [
        (_SHEET + "<sheetData>", "</sheetData></worksheet>"),
        (_SHEET + "<sheetData><row>", "</row></sheetData></worksheet>"),
        (_SHEET + '<sheetData><row><c t="inlineStr"><is>', "</is></c></row></sheetData></worksheet>"),
        (_SHEET + "<sheetData/><mergeCells>", "</mergeCells></worksheet>"),
        (_SHEET + '<sheetData/><conditionalFormatting sqref="', '"/></worksheet>'),
        (_SHEET, "</worksheet>"),
    ],
    "xlsx styles": [
        (_STYLES, "</styleSheet>"),
        (_STYLES + "<fonts>", "</fonts></styleSheet>"),
        (_STYLES + "<cellXfs>", "</cellXfs></styleSheet>"),
        (_STYLES + "<numFmts>", "</numFmts></styleSheet>"),
    ],
    "yaml": [("", ""), ("a: ", ""), ("a: [", "]"), ('a: "', '"'), ("a:\n", "")],
}

FOUND_BEFORE = [
    Hostile("csv", "a,", after="a\n1,2\n"),
    Hostile("csv", "a,b,", after="c\n"),
    Hostile("csv", "1\n", "question,answer\n"),
    Hostile("csv", '"two\nlines",', "question,answer\n"),
    Hostile("csv", '"\n', "question,answer\n"),
    Hostile("csv", "What is it?,An endpoint.\n", "question,answer\n"),
    Hostile("csv", ",", "question,answer\n"),
    Hostile("jsonl", "[\n", _GOOD + "\n"),
    Hostile("jsonl", "\n", _GOOD + "\n"),
    Hostile("jsonl", "[", _GOOD + "\n"),
    Hostile("jsonl", "x", _GOOD + "\n"),
    Hostile("jsonl", '"a":1,', _GOOD + "\n{", '"b":1}\n'),
    Hostile("jsonl", '{"question":1,"question":2}\n', _GOOD + "\n"),
    Hostile("jsonl", '\\"', '{"question": "', '"}'),
    Hostile("jsonl", _GOOD + "\n"),
    Hostile("json", "[", "["),
    Hostile("json", '{"question": "', "["),
    Hostile("json", '{"question"', f"[{_GOOD},"),
    Hostile("json", "1,", "["),
    Hostile("json", "{},", f"[{_GOOD},"),
    Hostile("json", "[],", f"[{_GOOD},"),
    Hostile("json", " ", f"[{_GOOD}"),
    Hostile("json", ",", f"[{_GOOD}"),
    Hostile("json", '{"question": "\\\\{\\"question\\"", "a": 1},', "["),
    Hostile("json", '{"data":', ""),
    Hostile("json", '"a":1,', "{"),
    Hostile("json", '"a":[1],', "{"),
    Hostile("json", '"a":{"b":1},', "{"),
    Hostile("json", '"a":{"a":', "{"),
    Hostile("json", _GOOD + ",", '{"data": ['),
    Hostile("html", "<!--", "<html>"),
    Hostile("html", "<a ", "<html>"),
    Hostile("html", '<a b="', "<html>"),
    Hostile("html", "</", "<html>"),
    Hostile("html", "<![CDATA[", "<html>"),
    Hostile("html", "<p hidden>", "<html>"),
    Hostile("html", "<div>", "<html>"),
    Hostile("html", "<script>", "<html>"),
    Hostile("html", "<script></script ", "<html>"),
    Hostile("html", "9", "<html>&#", ";"),
    Hostile("html", "display ", '<html><p style="', '">'),
    Hostile("html", "a ", "<html><a ", ">"),
    Hostile("md", "](", "x"),
    Hostile("md", "<!--", "x"),
    Hostile("md", "](a ", "x"),
    Hostile("txt", "\n \n"),
    Hostile("txt", "\n "),
    Hostile("txt", "x"),
    Hostile("txt", "x\n\n"),
    Hostile("txt", " "),
    Hostile("docx", "<w:p>", _W),
    Hostile("docx", "<w:p/>", _W, "</w:document>"),
    Hostile("docx", "<w:p><w:r><w:t>x</w:t></w:r></w:p>", _W, "</w:document>"),
    Hostile("docx", "<w:r><w:t>x</w:t></w:r>", _W + "<w:p>", "</w:p></w:document>"),
    Hostile("docx", "<w:t>x</w:t>", _W + "<w:p><w:r>", "</w:r></w:p></w:document>"),
    Hostile("docx", "x", _W + "<w:p><w:r><w:t>", "</w:t></w:r></w:p></w:document>"),
    Hostile("docx", "&#120;", _W + "<w:p><w:r><w:t>", "</w:t></w:r></w:p></w:document>"),
    Hostile("pdf", f"{NUMBER} 0 R ", _PDF, "] >>\nendobj"),
    Hostile("pdf", f"{NUMBER} 0 obj\nendobj\n"),
    Hostile("pdf page", "(x) Tj ", _PAGE, "ET"),
    Hostile("pdf page", "/X Do ", _PAGE, "ET"),
    Hostile("pdf page", "[", _PAGE, "ET"),
    Hostile("parquet", ",a long column name"),
    Hostile("parquet", "x,y\n", "question,answer\n"),
    Hostile("parquet", "x", "question,answer\n"),
    Hostile("xlsx sheet", "<row/>", _SHEET + "<sheetData>", "</sheetData></worksheet>"),
    Hostile("xlsx sheet", "<c/>", _SHEET + "<sheetData><row>", "</row></sheetData></worksheet>"),
    Hostile(
        "xlsx sheet", f'<mergeCell ref="A{NUMBER}:B{NUMBER}"/>', _SHEET + "<mergeCells>", "</mergeCells></worksheet>"
    ),
    Hostile("xlsx styles", f'<xf numFmtId="{NUMBER}"/>', _STYLES + "<cellXfs>", "</cellXfs></styleSheet>"),
    Hostile("yaml", "[\n", "a: "),
    Hostile("yaml", "{a: ", "a: "),
    Hostile("yaml", "? ", ""),
    Hostile("yaml", "a\n", '"'),
    Hostile("yaml", "a, ", "a: ["),
    Hostile("yaml", "9", "a: "),
]


def drawn(rng: random.Random) -> Hostile:
    """An input of one to four words of a format."""
    reader = rng.choice(list(WORDS))
    before, after = rng.choice(_AROUND[reader])
    return Hostile(reader, "".join(rng.choices(WORDS[reader], k=rng.randint(1, 4))), before, after)
