"""A run's folder in memory, and a judge without a network, whose replies a test decides."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import boto3
import pytest
from moto import mock_aws

from tuner.artifacts.evaluation.question_scores import QuestionScores
from tuner.aws.bedrock.tool_call import Tool, ToolReply
from tuner.aws.s3.run_folder import RunFolder
from tuner.core.concurrency_limiter import ConcurrencyLimiter
from tuner.evaluation.grading.graded_items import GradedItem
from tuner.evaluation.judging.judge import Judge
from tuner.settings import JudgeSettings

RUN = "faq-123456789abc"


@pytest.fixture
def no_garbage_collection(monkeypatch: pytest.MonkeyPatch) -> None:
    """statsmodels collects garbage in each correction: 0.3 s in a process with thousands of tests."""
    monkeypatch.setattr("gc.collect", lambda: 0)


@pytest.fixture
def folder() -> Iterator[RunFolder]:
    with mock_aws():
        s3 = boto3.client("s3", region_name="us-east-1")
        s3.create_bucket(Bucket="artifacts")
        yield RunFolder("artifacts", RUN, s3)


@dataclass
class ScriptedJudge:
    """`replies` returns the arguments (or the error) for each text. `asked` has all requests."""

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
        judgments = settings.pop("judgments", None)
        return Judge(
            model,
            JudgeSettings(**settings),
            judgments,
            self.ask,
            self.waits.append,
            ConcurrencyLimiter(1, sleep=lambda _: None),
            self.clock,
        )

    def clock(self) -> float:
        """The seconds that were waited, and one second for each request."""
        return sum(self.waits) + len(self.asked)


@pytest.fixture
def scripted() -> Callable[[Callable[[str], Any]], ScriptedJudge]:
    return ScriptedJudge


def make_item(key: str, base: str | None, tuned: str | None, reference: str = "Forty-two.") -> GradedItem:
    return GradedItem(key, f"What is {key}?", reference, {"base": base, "tuned": tuned})


def graded_records(*records: dict[str, Any]) -> tuple[QuestionScores, ...]:
    """Records as scores.json has them."""
    return tuple(QuestionScores.model_validate(record) for record in records)
