"""Finds what other programs left in texts.

Placeholders for missing values, HTML entities, separators of templates, the reasoning of a model, and letters that were
read in another encoding.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from html.entities import html5

from tuner.core.wording import shortened
from tuner.datasets.field_and_role_names import is_placeholder
from tuner.datasets.findings import Issue
from tuner.datasets.profile.mojibake import find_mojibake
from tuner.datasets.records.record import Record, Turn

_ENTITY = re.compile(r"&(#\d{1,7}|#[xX][0-9a-fA-F]{1,6}|[a-zA-Z]{2,10});")
_SEPARATOR = re.compile(
    r"</?s>|<\|[A-Za-z][A-Za-z_]{2,30}\|>|<extra_id_\d+>|<｜[^｜\s]{1,30}｜>|\[/?INST\]|<</?SYS>>|<(?:start|end)_of_turn>|<(?:bos|eos|pad)>|\[(?:CLS|SEP|PAD)\]"
    r"|^###\s*(?:Human|Assistant|Instruction|Response|Input|END|$)|\n###\s*$|(?:^|\n\n)(?:Human|Assistant):",
    re.MULTILINE,
)
# What models write before their answers: DeepSeek, Qwen, Mistral, Kimi, gpt-oss, Command A, or when a prompt asks so.
_REASONING = re.compile(
    r"</?(?:think|thinking|thought|thoughts|reasoning|reflection|scratchpad|seed:think)>|\[/?THINK\]|◁/?think▷"
    r"|<\|channel\|>analysis|<\|(?:START|END)_THINKING\|>",
    re.IGNORECASE,
)
# An image that stands in a question: Markdown, HTML, the image itself as text, or LLaVA's mark for it.
_IMAGE = re.compile(r"!\[[^\]\n]{0,200}\]\([^)\s]{1,500}\)|<img\s|data:image/[\w.+-]{2,20};base64,|<image>")
# Tags with which web editors and help desks format texts, outside of code.
_TAG = re.compile(r"</(?:p|div|span|li|ul|ol|strong|em|td|tr|table|h[1-6])>|<br\s*/?>|<(?:p|div)>", re.IGNORECASE)
_CODE = re.compile(r"```.*?(?:```|\Z)|`[^`\n]*`", re.DOTALL)
# A tab, a line break and the next line of EBCDIC (U+0085) are spaces.
_CONTROL = re.compile(r"[\x00-\x08\x0e-\x1f\x7f]")
_LOST = "\N{REPLACEMENT CHARACTER}"


def leftovers(record: Record) -> Iterator[Issue]:
    """Warnings: `placeholder` for an answer that is only that, `reasoning` for an answer, the others for any turn."""
    answer = record.turns[-1] if record.turns else Turn("assistant", "", "answer")
    if is_placeholder(answer.text):
        message = f"the answer is '{answer.text.strip()}', which programs write for a missing value."
        remedy = "Write the answer, or remove the record, unless the model should answer that."
        yield Issue("placeholder", message, remedy, answer.field, "warning")
    for turn in record.turns:
        if entity := next(_entities(turn.text), None):
            message = f"has the HTML entity '{entity}': the model will write it too."
            yield Issue("html-entity", message, "Decode it (in Python: html.unescape).", turn.field, "warning")
        if "<" in turn.text and (tag := _TAG.search(_CODE.sub("", turn.text))):
            message = f"has the HTML tag '{tag.group()}': the model will write such tags too."
            remedy = "Remove the tags (in Python: BeautifulSoup's get_text), unless the model should write HTML."
            yield Issue("html-tag", message, remedy, turn.field, "warning")
        if separator := _SEPARATOR.search(turn.text):
            message = (
                f"has '{separator.group().strip()}', which separates turns in a template. The model will write it."
            )
            yield Issue("separator", message, "Remove it, unless the text is about it.", turn.field, "warning")
        if turn.speaker == "user" and (image := _IMAGE.search(_CODE.sub("", turn.text))):
            message = f"has the image '{shortened(image.group(), 60)}', which the model does not see."
            remedy = "Remove the record, or write what matters as text."
            yield Issue("image-in-text", message, remedy, turn.field, "warning")
        if turn.speaker == "assistant" and (mark := _REASONING.search(turn.text)):
            message = (
                f"has '{mark.group()}', with which a model's reasoning begins or ends: the tuned model will write "
                "such reasoning into its answers, and every metric scores it."
            )
            yield Issue("reasoning", message, "Remove the reasoning and its marks.", turn.field, "warning")
        if control := _CONTROL.search(turn.text):
            message = (
                f"has the control character U+{ord(control.group()):04X}, which no text needs: the model learns it."
            )
            yield Issue("control-character", message, "Remove it, or write a space.", turn.field, "warning")
        yield from _wrong_letters(turn)


def _wrong_letters(turn: Turn) -> Iterator[Issue]:
    export = "Export the data again as UTF-8"
    if found := find_mojibake(turn.text):
        message = (
            f"has '{found.word}', which is probably '{found.meant}': UTF-8 that was read in another encoding. The "
            "model will write it."
        )
        yield Issue("mojibake", message, f"{export}, or repair it (in Python: ftfy.fix_text).", turn.field, "warning")
    if _LOST in turn.text:
        message = f"has '{_LOST}', which stands for a letter that was lost in another encoding."
        yield Issue("lost-letter", message, f"{export}.", turn.field, "warning")


def _entities(text: str) -> Iterator[str]:
    for match in _ENTITY.finditer(text) if "&" in text else ():
        if match.group(1).startswith("#") or f"{match.group(1)};" in html5:
            yield match.group()
