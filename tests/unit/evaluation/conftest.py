"""A run that can be scored in a folder in memory, and a judge without a network, whose replies a test decides."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import pytest
from moto import mock_aws

from tests.doubles import approve, write_lines
from tuner.artifacts.evaluation.question_scores import QuestionScores
from tuner.artifacts.manifest import Manifest
from tuner.aws.bedrock.tool_call import Tool, ToolReply
from tuner.aws.clients import client
from tuner.aws.s3.run_folder import RunFolder
from tuner.core.artifact_keys import Keys
from tuner.core.concurrency_limiter import ConcurrencyLimiter
from tuner.core.errors import AccessDeniedError
from tuner.evaluation.encoder.files import BuiltEncoder
from tuner.evaluation.grading.graded_items import GradedItem
from tuner.evaluation.judging.judge import Judge
from tuner.settings import JudgeSettings, RunSettings

RUN = "faq-123456789abc"
ENCODER = BuiltEncoder()
STAND_IN = {"ResponseMetadata": {"HTTPHeaders": {"x-local-stand-in": "local stand-in: graded by length"}}}
JUDGED = {"evaluation": {"metrics": ["correctness"]}}


@pytest.fixture
def no_garbage_collection(monkeypatch: pytest.MonkeyPatch) -> None:
    """statsmodels collects garbage in each correction: 0.3 s in a process with thousands of tests."""
    monkeypatch.setattr("gc.collect", lambda: 0)


@pytest.fixture
def folder() -> Iterator[RunFolder]:
    with mock_aws():
        s3 = client("s3", "us-east-1")
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


class FakeBedrock:
    """Converse that grades by the answer's length; `fails_at` is the call that is denied."""

    def __init__(self) -> None:
        self.calls = 0
        self.fails_at = 0

    def converse(self, **request: Any) -> dict[str, Any]:
        self.calls += 1
        if self.calls == self.fails_at:
            raise AccessDeniedError("not authorized to perform: bedrock:InvokeModel")
        text = request["messages"][0]["content"][0]["text"]
        answer = text.partition("<answer>")[2].partition("</answer>")[0].strip()
        grade = {"score": min(10, max(1, len(answer) // 4)), "reasoning": "Graded by its length."}
        content = [{"toolUse": {"toolUseId": "t", "name": "grade", "input": grade}}]
        return {"output": {"message": {"content": content}}, "stopReason": "tool_use", "usage": {}, **STAND_IN}


@pytest.fixture
def bedrock(monkeypatch: pytest.MonkeyPatch) -> FakeBedrock:
    fake = FakeBedrock()
    monkeypatch.setattr("tuner.aws.bedrock.tool_call.client", lambda service, **_: fake)
    return fake


def prepare(
    folder: RunFolder, questions: int = 7, settings: dict[str, Any] | None = None, scorer_function: str | None = None
) -> None:
    """Writes the manifest, the questions and the answers of a run with seven questions into its folder."""
    manifest = Manifest(
        run_id=RUN, dataset="faq", execution_arn="arn", started_at="2026-11-23T07:00:00Z", data_bucket="d", inputs=(),
        settings=RunSettings.model_validate(settings or {}), base_model="amazon.nova-micro-v1:0:128k",
        base_endpoint="amazon.nova-micro-v1:0", base_model_name="Nova Micro", judge_model="us.amazon.nova-pro-v1:0",
        hyperparameters={"epochCount": "1"}, resource_name="tuner-faq", versions={}, scorer_function=scorer_function,
    )  # fmt: skip
    folder.write(Keys.MANIFEST, manifest.model_dump_json().encode())
    asked = [
        {"id": f"q{i}", "question": f"What is {i}?", "reference": f"It is the number {i}."} for i in range(questions)
    ]
    write_lines(folder, Keys.EVALUATION, asked)
    write_lines(
        folder, Keys.TRAINING, [{"messages": [{"role": "user", "content": [{"text": "The number 3 and Q5."}]}]}]
    )
    base = [{"id": f"q{i}", "answer": f"No. {i}"} for i in range(questions)]
    tuned = [{"id": f"q{i}", "answer": f"It is the number {i}, surely."} for i in reversed(range(questions))]
    write_lines(folder, Keys.answers("base", 0), base[:4])
    write_lines(folder, Keys.answers("base", 1), base[4:])
    write_lines(folder, Keys.answers("tuned", 0), tuned)
    approve(folder, shard_size=1)
