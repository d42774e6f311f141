"""Says in words what is wrong with a text that is not JSON, and what to do."""

from __future__ import annotations

import json
import re

from tuner.datasets.findings import Issue

_PYTHON = re.compile(r"\b(True|False|None)\b")
_COMMA = "a comma follows the object"
_QUOTES = "this is Python's notation, with single quotes"
_SEVERAL = "several objects are on one line"
_SEVERAL_LINES = "Write each object on one line (`jq -c . FILE` does), or put all into an array: [ ..., ... ]."


def json_issue(error: json.JSONDecodeError) -> Issue:
    """The issue of a value that cannot be parsed. `error` has the text and the position."""
    problem, remedy = _explained(error)
    return Issue("json", f"this is not valid JSON: {problem}.", remedy)


def _explained(error: json.JSONDecodeError) -> tuple[str, str]:
    """What is wrong, and what to do. The first reason that fits is given, so the specific ones come first."""
    text, at = error.doc, error.pos
    here, place = text[at : at + 1], f"at column {error.colno}"
    before = text[:at].rstrip()
    # From Python 3.13 on, the position of a trailing comma is the comma's; before, that of the bracket after it.
    if text[at:].lstrip()[:1] in ("}", "]") and before.endswith(","):
        return f"there is a comma before the closing bracket {place}", "Remove the comma."
    if here == "," and text[at + 1 :].lstrip()[:1] in ("}", "]"):
        return f"there is a comma before the closing bracket {place}", "Remove the comma."
    if error.msg == "Extra data" and text[at:].strip() == ",":
        return _COMMA, "Remove the commas at the ends of lines, or put [ and ] around all objects."
    if error.msg == "Extra data" and here in ("{", "[") and text.lstrip().startswith(here):
        return _SEVERAL, _SEVERAL_LINES
    if here == "'" or text.lstrip().startswith(("{'", "['")):
        return _QUOTES, "Write the records with json.dumps."
    if match := _PYTHON.match(text, at):
        right = {"True": "true", "False": "false", "None": "null"}[match.group()]
        return f"{match.group()} {place} is Python's notation", f"Write {right}."
    if error.msg.startswith("Invalid control character"):
        return f"a text has a line break or a tab {place}", r"Write them as \n and \t inside of a text."
    if error.msg.startswith("Invalid \\escape"):
        return f"a text has a backslash {place}", r"Write a backslash as two: \\."
    if here in ("“", "”", "„", "«"):
        return f"there is a typographic quotation mark {place}", 'Write names and texts between straight quotes (").'
    if error.msg == "Expecting ',' delimiter" and re.match(r"[^\W\d]", here):
        return f"a text ends {place}, and more follows", r"Write a quotation mark inside of a text as \"."
    if _ends_in_text(error):
        return f"the text that starts {place} has no closing quotation mark", "Close the text."
    return f"{error.msg} {place}", "Correct the record and upload the file again."


def what_is_cut_off(error: json.JSONDecodeError) -> str:
    """What lacks at the end of a text that `is_cut_off`."""
    return "a text has no closing quotation mark" if _ends_in_text(error) else error.msg


def is_cut_off(error: json.JSONDecodeError) -> bool:
    """Whether the text ends before the value does."""
    return error.pos >= len(error.doc.rstrip()) or _ends_in_text(error)


def _ends_in_text(error: json.JSONDecodeError) -> bool:
    return error.msg.startswith("Unterminated string")


def whole_file_issue(start: str) -> Issue | None:
    """The issue of a file whose first line is not JSON for a reason that all its lines have; None if there is none.

    `start` is the file's beginning. Said once, because it would be said of every line.
    """
    first, newline, _ = start.partition("\n")
    try:
        json.loads(first)
    except json.JSONDecodeError as error:
        if is_cut_off(error) and newline and _goes_over_lines(start):
            message = "an object goes over several lines. Without an array around them, a line must have one object."
            return Issue("json", message, _SEVERAL_LINES)
        issue = json_issue(error)
        return issue if any(what in issue.message for what in (_COMMA, _QUOTES, _SEVERAL)) else None
    except (ValueError, RecursionError):
        return None
    return None


def _goes_over_lines(start: str) -> bool:
    try:
        json.JSONDecoder().raw_decode(start.lstrip())
    except json.JSONDecodeError:
        # A long object that `start` does not have whole: its second line then begins with a name, not with an object.
        return start.split("\n")[1].lstrip().startswith('"')
    except (ValueError, RecursionError):
        return False
    return True
