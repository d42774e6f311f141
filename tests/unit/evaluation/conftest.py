"""A judge without a network: it answers what a test tells it to."""

from __future__ import annotations

import os

os.environ["HF_HUB_OFFLINE"] = "1"  # read when the hub's library is imported

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import pytest

from tuner.aws.bedrock.tool_call import Tool, ToolReply
from tuner.core.concurrency_limiter import ConcurrencyLimiter
from tuner.evaluation.judging.judge import Judge
from tuner.evaluation.samples import Question
from tuner.settings import JudgeSettings


@dataclass
class Bench:
    """`replies` decides on the arguments (or the error) for each text; what was asked is kept in `asked`."""

    replies: Callable[[str], Any]
    stand_in: str = ""
    asked: list[tuple[str, Mapping[str, Any]]] = field(default_factory=list)
    waits: list[float] = field(default_factory=list)

    def ask(self, model: str, system: str, text: str, tool: Tool, inference: Mapping[str, Any]) -> ToolReply:
        self.asked.append((text, inference))
        reply = self.replies(text)
        if isinstance(reply, Exception):
            raise reply
        return ToolReply(reply, "", "tool_use", 10, 5, self.stand_in)

    def judge(self, model: str = "us.anthropic.claude-sonnet-4-6", **settings: Any) -> Judge:
        verdicts = settings.pop("verdicts", None)
        return Judge(
            model,
            JudgeSettings(**settings),
            verdicts,
            self.ask,
            self.waits.append,
            ConcurrencyLimiter(1, sleep=lambda _: None),
            self.clock,
        )

    def clock(self) -> float:
        """The time that was waited, and a second for each request."""
        return sum(self.waits) + len(self.asked)


@pytest.fixture
def bench() -> Callable[[Callable[[str], Any]], Bench]:
    return Bench


def make_question(key: str, base: str | None, tuned: str | None, reference: str = "Forty-two.") -> Question:
    return Question(key, f"What is {key}?", reference, {"base": base, "tuned": tuned})
