"""Batch jobs of judges in memory, and a run whose contestants have answered."""

import json
import re
from typing import Any

import pytest

from tests.doubles import MemoryFolder, write_lines
from tests.unit.costs.test_spending_is_bounded import NoEncoder
from tests.unit.serving.batch.batch_jobs import Batches, prepared
from tuner.artifacts.batch import BatchJob
from tuner.artifacts.evaluation.judgments import Judgment, judgments_file, read_judgments
from tuner.core.artifact_keys import Keys
from tuner.evaluation.grading.batches import batches_of
from tuner.evaluation.grading.shards import Shards
from tuner.evaluation.metric_details import details_of
from tuner.serving.batch.collect import BatchCollector
from tuner.serving.batch.start import BatchStarter

JUDGE, OTHER = "amazon.nova-pro-v1:0", "us.anthropic.claude-sonnet-4-6"
UNDER = "batch/judges/1/"
BOTH = ["correctness", "preference"]
_MARK = re.compile(r'"request_mark": \{"type": "string", "const": "([0-9a-f]+)"\}')


class JudgeJobs(Batches):
    """Bedrock's batch jobs of a judge. `replies` are in a circle: a grade, or something that cannot be used."""

    replies: Any = None

    def reply(self, sent: Any) -> str:
        said = next(self.replies) if self.replies else "usable"
        system = sent["system"][0]["text"]
        mark = _MARK.search(system)
        assert mark
        asked = "preferred" if '"preferred"' in system else "score"
        good = {"reasoning": "Right.", asked: 1, "request_mark": mark[1]}
        return {
            "usable": json.dumps(good),
            "malformed": json.dumps({**good, asked: "8/10"}),
            "copied": json.dumps({**good, "request_mark": "000000000000"}),
            "prose": f"I think: {json.dumps(good)}",
        }[said]


class Calls:
    """Converse: answers with grades, as text, and keeps the requests."""

    def __init__(self, folder: MemoryFolder) -> None:
        self.requests: list[dict[str, Any]] = []
        self._replies = JudgeJobs(folder)

    def converse(self, **request: Any) -> dict[str, Any]:
        self.requests.append(request)
        use = {"toolUse": {"name": "grade", "input": {"reasoning": "Right.", "score": 1}}}
        block = use if "toolConfig" in request else {"text": self._replies.reply(request)}
        return {
            "output": {"message": {"content": [block]}},
            "stopReason": "end_turn",
            "usage": {"inputTokens": 5, "outputTokens": 3},
        }


def answered(
    count: int = 3, least: int = 1, folder: MemoryFolder | None = None, same: bool = False, **chosen: Any
) -> MemoryFolder:
    """The folder of an approved run whose contestants have answered. Its judges can be asked in batch jobs."""
    judge = {"model": JUDGE, "max_tokens": 90, **chosen.pop("judge", {})}
    evaluation = {"metrics": ["correctness"], **chosen.pop("evaluation", {})}
    minimums = dict.fromkeys((JUDGE, OTHER), least)
    folder = prepared(count, folder=folder, minimums=minimums, judge=judge, evaluation=evaluation, **chosen)
    for name in ("base", "tuned"):
        said = [{"id": f"q-{n}", "answer": "Alike." if same else f"{name} says {n}."} for n in range(count)]
        write_lines(folder, Keys.answers(name, 0), said)
    return folder


def started(folder: MemoryFolder, jobs: Batches) -> tuple[BatchJob, ...]:
    return BatchStarter(jobs, folder, "tuner", "arn:aws:iam::1:role/batch").start(batches_of(folder, "tuner", True, 2))


def collected(folder: MemoryFolder, jobs: Batches) -> str:
    return BatchCollector(jobs, folder).progress(batches_of(folder, "tuner", True, 2)).status


def graded(folder: MemoryFolder, monkeypatch: pytest.MonkeyPatch) -> tuple[Calls, Any]:
    """The calls of the step that scores, and its shards' counts and facts together."""
    calls = Calls(folder)
    monkeypatch.setattr("tuner.aws.bedrock.tool_call.client", lambda *_, **__: calls)
    found = Shards(folder, 2, NoEncoder())  # type: ignore[arg-type]
    made = [found.graded(shard, found.items_of(shard)) for shard in range(found.count)]
    counts = {
        metric: {name: sum(each.counts[metric].get(name, 0) for each in made) for name in made[0].counts[metric]}
        for metric in made[0].counts
    }
    records = [record for each in made for record in each.records]
    return calls, details_of(records, made[0].about, counts)["judge"]


def judgments(folder: MemoryFolder) -> list[Judgment]:
    return [each for shard in range(2) for each in read_judgments(folder.find(judgments_file(shard)), "").values()]


def record_of(folder: MemoryFolder, under: str = UNDER) -> BatchJob:
    return folder.load(BatchJob, under)
