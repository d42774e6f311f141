"""Reads conversations that are written as one text in a model's chat template.

ChatML, Llama 2 and Mistral (`<s>[INST]`), Llama 3 and 4 (`<|start_header_id|>`), Gemma (`<start_of_turn>`), DeepSeek
(`<｜User｜>`), Command R (`<|USER_TOKEN|>`), Granite (`<|start_of_role|>`), gpt-oss (`<|start|>user<|message|>`), Kimi,
GLM, EXAONE, OpenChat, Phi, Jamba, Nemotron, MiniMax, `### Human:`, `### Instruction:` and other headings, and
`Human:`/`Assistant:`, the prompts of the first Claude models. Where one text is all that a record has, also
`USER:`/`ASSISTANT:` (Vicuna), `Q:`/`A:` and similar names.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace

from tuner.datasets.field_and_role_names import Fields, Kind, find, role_of_heading
from tuner.datasets.findings import Issue
from tuner.datasets.records.record import Record, Turn
from tuner.datasets.records.schemas.answers import not_a_text
from tuner.datasets.records.schemas.context_fields import (
    USED,
    ContextFields,
    Other,
    Others,
    context_fields,
    other_fields,
)

# Beginnings of turns: the group is the speaker.
_STARTS = (
    re.compile(r"<\|im_start\|>[ \t]*(\w+)(?:<\|im_sep\|>|[ \t]*\n?)"),
    re.compile(r"<\|(?:start_header_id|header_start)\|>[ \t]*(\w+)[ \t]*<\|(?:end_header_id|header_end)\|>\s*"),
    re.compile(r"<start_of_turn>[ \t]*(\w+)[ \t]*\n?"),
    re.compile(r"\n?(?:<\|bom\|>)?<\|(system|user|assistant|prompter|SYSTEM|USER|ASSISTANT)\|>[ \t]*\n?"),
    re.compile(r"<｜(User|Assistant)｜>"),  # DeepSeek: the system prompt stands before the first turn
    re.compile(r"<\|START_OF_TURN_TOKEN\|>[ \t]*<\|(SYSTEM|USER|CHATBOT)_TOKEN\|>(?:<\|START_RESPONSE\|>)?"),
    re.compile(r"<\|start_of_role\|>(\w+)<\|end_of_role\|>"),
    re.compile(r"<\|turn>[ \t]*(\w+)[ \t]*\n?"),  # Gemma 4
    re.compile(r"\n?<extra_id_[01]>(System|User|Assistant)\n"),  # Nemotron
    re.compile(r"<beginning_of_sentence>(system|user|ai)\b[^\n]*\n"),  # MiniMax
    re.compile(r"<\|im_(system|user|assistant)\|>\w*<\|im_middle\|>"),  # Kimi
    re.compile(r"\[\|(system|user|assistant)\|\]"),  # EXAONE
    re.compile(r"(?:^|<\|end_of_turn\|>)\s*GPT4 Correct (User|Assistant):[ ]?"),  # OpenChat
    re.compile(r"<\|start\|>(system|developer|user|assistant)(?:<\|channel\|>(?:final))?<\|message\|>"),
    re.compile(
        r"\s*###[ ]*(Human|Assistant|User|System|Instruction|Input|Context|Question|Query|Prompt|Response|Answer|Output"
        r"|Completion)[ ]*:[ ]*\n?"
    ),
    re.compile(r"(?:^|\n\n)(Human|Assistant):[ ]?"),
)
# These begin lines of other texts too. They count only where one text must hold question and answer.
_PLAIN_STARTS = (
    re.compile(r"(?:^|\s|</s>)(USER|ASSISTANT):\s"),  # Vicuna: on one line, after an introduction
    re.compile(r"(?:^|\n)(System|Human|User|Customer|Assistant|AI|Bot|Agent)[ ]*:[ ]*\n?"),
    re.compile(r"(?:^|\n)(Question|Q|Answer|A)[ ]*:[ ]*\n?"),
    re.compile(r"(?:^|\n)(Instruction|Input|Prompt|Output|Response|Completion)[ ]*:[ ]*\n?"),
)
_ENDS = re.compile(
    r"(?:<\|(?:im_end|eot_id|eot|end|return|end_of_text|endoftext|END_RESPONSE|end_of_turn|END_OF_TURN_TOKEN|eom|separator)\|>|<end_of_turn>|<turn\|>"
    r"|<end_of_sentence>|<eos>|<bos>|</s>|<｜end▁of▁sentence｜>|<EOS_TOKEN>|\[\|endofturn\|\])\s*$"
)
_INSTRUCTION = re.compile(r"\[INST\](.*?)\[/INST\]((?:(?!\[INST\]).)*)", re.DOTALL)
_MISTRAL_SYSTEM = re.compile(r"\[SYSTEM_PROMPT\](.*?)\[/SYSTEM_PROMPT\]\s*", re.DOTALL)
_LLAMA_SYSTEM = re.compile(r"\s*<<SYS>>\s*(.*?)\s*<</SYS>>\s*", re.DOTALL)
_OPENINGS = (
    "<s>",
    "<|begin_of_text|>",
    "<bos>",
    "<｜begin▁of▁sentence｜>",
    "<BOS_TOKEN>",
    "[gMASK]",
    "<sop>",
    "<|startoftext|>",
)
_TOOL_CALL = re.compile(r"<(?:tool_call|functioncall|function_calls?|tool_response)>|^FUNCTION RESPONSE:", re.MULTILINE)
TEMPLATE_MARK = re.compile(r"<[|｜][^\s<>|｜]{1,40}[|｜]>|\[\|\w{1,20}\|\]")
"""A mark of a chat template, known here or not."""


def turns_of(text: str, *, whole: bool = False) -> list[tuple[str, str]] | None:
    """Speakers and texts of a text in a chat template; None if it is in none.

    `whole` says that the text must hold the answer too: names of speakers at the beginnings of lines are a template.
    """
    stripped = text.strip()
    for opening in _OPENINGS:
        stripped = stripped.removeprefix(opening).lstrip()
    if stripped.startswith(("[INST]", "[SYSTEM_PROMPT]")):
        return _llama_2(stripped)
    for start in _STARTS:
        if turns := _by_starts(stripped, list(start.finditer(stripped))):
            return turns
    for start in _PLAIN_STARTS if whole else ():
        turns = _by_starts(stripped, list(start.finditer(stripped)))
        if turns and {"user", "assistant"} <= {speaker for speaker, _ in turns}:
            return turns
    return None


def _by_starts(whole: str, starts: list[re.Match[str]]) -> list[tuple[str, str]] | None:
    if not starts or (starts[0].start() > 0 and not _after_introduction(starts[0])):
        return None  # a text about a template, not one in it
    introduction = whole[: starts[0].start()].strip()
    turns = [("system", introduction)] if introduction else []
    ends = [start.start() for start in starts[1:]] + [len(whole)]
    for start, end in zip(starts, ends, strict=True):
        speaker = role_of_heading(start.group(1))
        text = _without_end(whole[start.end() : end])
        if turns and turns[-1][0] == speaker == "user":
            text = f"{turns.pop()[1]}\n\n{text}"  # `### Input:` after `### Instruction:`
        turns.append((speaker, text))
    return turns


def _after_introduction(start: re.Match[str]) -> bool:
    """Whether a first turn can follow an introduction: after a line break for `###`, for `USER:`, and DeepSeek's."""
    found = start.group()
    return found.startswith("\n") if "###" in found else "USER:" in found or "｜User｜" in found


def _llama_2(whole: str) -> list[tuple[str, str]]:
    turns: list[tuple[str, str]] = []
    if system := _MISTRAL_SYSTEM.match(whole):
        turns.append(("system", system.group(1).strip()))
    for number, match in enumerate(_INSTRUCTION.finditer(whole)):
        asked, answered = match.group(1), _without_end(match.group(2).replace("<s>", ""))
        if number == 0 and (system := _LLAMA_SYSTEM.match(asked)):
            turns.append(("system", system.group(1)))
            asked = asked[system.end() :]
        turns.append(("user", asked.strip()))
        turns += [("assistant", answered)] if answered else []
    return turns


def _without_end(text: str) -> str:
    """The text without the marks that end a turn."""
    stripped = text.strip()
    while match := _ENDS.search(stripped):
        stripped = stripped[: match.start()].strip()
    return stripped


def _repeats(other: Other, whole: str) -> bool:
    """Whether a field that belongs to the question is in the text already."""
    return other.kind in USED and isinstance(other.value, str) and other.value.strip() in whole


@dataclass(frozen=True, slots=True)
class TemplateSchema:
    """A conversation in one text, or the beginning of one in `text` and its answer in `completion`."""

    text: str
    completion: str | None = None
    ignored: tuple[str, ...] = ()
    native: None = None

    @property
    def fields(self) -> dict[str, str]:
        """Which field is used as what, for the summary."""
        return {"messages": self.text if self.completion is None else f"{self.text}, {self.completion}"}

    def others(self, row: Fields) -> dict[str, Other]:
        """The row's other fields, and what they are for."""
        whole = str(find(row, self.text))
        others = other_fields(row, (self.text, self.completion or self.text), self.ignored)
        repeated = {
            name: other._replace(kind=Kind.DESCRIPTION) for name, other in others.items() if _repeats(other, whole)
        }
        return others | repeated

    def record(self, row: Fields, line: int, others: Others) -> Record | tuple[Issue, ...]:
        """The row as a record, or its issues. `others` are the row's other fields."""
        value = find(row, self.text)
        found = turns_of(value, whole=self.completion is None) if isinstance(value, str) else None
        if not found:
            message = "is in no known chat template, unlike the first record."
            return (Issue("field-type", message, "Write every record in a chat template.", self.text),)
        if any(speaker == "tool" or _TOOL_CALL.search(text) for speaker, text in found):
            message = "the conversation calls tools, as a text in a chat template."
            remedy = (
                "Remove the record, or write it with 'messages' and 'tools' for a base model that is tuned on tools."
            )
            return (Issue("tool-use", message, remedy, self.text),)
        turns = [Turn(speaker, text, self.text) for speaker, text in found]
        if self.completion:
            if issue := not_a_text(row, self.completion):
                return (issue,)
            answer = str(find(row, self.completion))
            if turns[-1].speaker == "assistant" and not turns[-1].text:
                turns.pop()  # the template opens the assistant's turn
            turns.append(Turn("assistant", _without_end(answer), self.completion))
        system = turns.pop(0).text if turns[0].speaker == "system" else None
        added = context_fields(others)
        if not isinstance(added, ContextFields):
            return added
        turns[:1] = [replace(turn, text=added.question(turn.text)) for turn in turns[:1]]
        return Record(line, (*added.earlier, *turns), system or added.system)
