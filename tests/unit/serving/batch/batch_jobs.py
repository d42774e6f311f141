"""Bedrock's batch jobs on the folder of a run, without AWS, and the steps that start and collect them."""

import datetime as dt
import itertools
import json
from collections import Counter
from dataclasses import dataclass, field, replace
from typing import Any

from tests.doubles import RUN, MemoryFolder, manifest, write_lines
from tests.unit.costs.test_spending_is_bounded import tokens_of
from tuner.artifacts.batch import BatchJob
from tuner.artifacts.costs.estimate import Estimate, SpendingLimits
from tuner.artifacts.dataset import DatasetSummary
from tuner.artifacts.preflight import Preflight
from tuner.aws.bedrock.resources import BatchRequest, PaidResource
from tuner.aws.s3.run_folder import RunFolder
from tuner.core.artifact_keys import Keys
from tuner.costs.allotments import Allotments
from tuner.costs.batch_choice import batch_choice
from tuner.costs.cost_inputs import Plan
from tuner.costs.estimate import estimate
from tuner.costs.prices.price_list import price_list
from tuner.costs.write_estimate import counted_sizes
from tuner.serving.batch.answers import AnswerBatches
from tuner.serving.batch.collect import BatchCollector, BatchProgress
from tuner.serving.batch.start import BatchStarter

MODEL = "amazon.nova-micro-v1:0"
ARN = "arn:aws:bedrock:us-east-1:123456789012:model-invocation-job/"
UNHURRIED = {"serving": "on_demand", "hurry": False, "inference": {"max_tokens": 40}}


@dataclass
class Batches:
    """Bedrock's batch jobs on a run's folder. `outcomes` say in a circle what becomes of each record."""

    folder: RunFolder
    outcomes: tuple[str, ...] = ("answered",)
    status: str = "Completed"
    refuses: Exception | None = None
    requests: dict[str, BatchRequest] = field(default_factory=dict)
    stopped: list[str] = field(default_factory=list)
    billed: Counter[str] = field(default_factory=Counter)

    def create(self, request: BatchRequest) -> str:
        if self.refuses:
            raise self.refuses
        arn = f"{ARN}{request.name}"
        if arn not in self.requests:
            self.requests[arn] = request
            self._answer(request)
        return arn

    def _answer(self, request: BatchRequest) -> None:
        outcomes = itertools.cycle(self.outcomes)
        lines = []
        for line in self.folder.read(request.input_uri.partition(f"{RUN}/")[2]).splitlines():
            record, outcome = json.loads(line), next(outcomes)
            if outcome == "missing":
                continue
            sent, most = record["modelInput"], record["modelInput"]["inferenceConfig"]["maxTokens"]
            if outcome != "refused":
                self.billed["input"] += tokens_of(sent)
                self.billed["output"] += most
            if outcome == "answered":
                record["modelOutput"] = {
                    "output": {"message": {"role": "assistant", "content": [{"text": self.reply(sent)}]}},
                    "stopReason": "end_turn",
                    "usage": {"inputTokens": tokens_of(sent), "outputTokens": most},
                }
            else:
                record["error"] = {"errorCode": 400, "errorMessage": "bad request"}
            lines.append(json.dumps(record))
        # Bedrock does not promise the order of the input.
        text = "".join(f"{line}\n" for line in reversed(lines))
        self.folder.write(f"{request.output_uri.partition(f'{RUN}/')[2]}abc/input.jsonl.out", text.encode())
        self.folder.write(f"{request.output_uri.partition(f'{RUN}/')[2]}abc/manifest.json.out", b"{}")

    def reply(self, sent: Any) -> str:
        return f"So {sent['messages'][-1]['content'][0]['text']}"

    def get(self, arn: str) -> PaidResource | None:
        request = self.requests.get(arn)
        if request is None or self.status == "gone":
            return None
        created = dt.datetime.now(dt.UTC)
        return PaidResource("batch", arn, request.name, self.status, created, failure="said Bedrock")

    def delete(self, arn: str) -> None:
        self.stopped.append(arn)


def prepared(
    count: int = 3,
    minimum: int = 1,
    folder: MemoryFolder | None = None,
    minimums: dict[str, int] | None = None,
    **chosen: Any,
) -> MemoryFolder:
    """The folder of a run whose cost was approved, with batch jobs for every contestant that can be asked in one."""
    pinned, folder = manifest(**{**UNHURRIED, **chosen}), folder or MemoryFolder()
    folder.save(pinned)
    folder.save(DatasetSummary(training_records=9, validation_records=1))
    questions = [{"id": f"q-{n}", "question": f"How? {n}", "reference": "So."} for n in range(count)]
    write_lines(folder, Keys.EVALUATION, questions)
    examples = [
        {
            "id": f"q-{n}",
            "examples": [{"record": 1, "turns": [{"role": "user", "text": "a"}, {"role": "assistant", "text": "b"}]}],
        }
        for n in range(count)
    ]
    write_lines(folder, Keys.contexts("few_shot"), examples)
    folder.save(Preflight(batch_minimums=minimums or {MODEL: minimum, pinned.base_endpoint: minimum}))
    approved_estimate(folder)
    return folder


def approved_estimate(folder: MemoryFolder) -> Estimate:
    plan, inputs = Plan.of(folder.manifest()), counted_sizes(folder, folder.manifest()).inputs
    chosen = batch_choice(plan, inputs, folder.load(Preflight)).of_cheaper_judges(plan, price_list(()))
    inputs = replace(inputs, batched=chosen.batched, batched_judges=chosen.judges)
    made = estimate(plan, inputs, SpendingLimits(budget_usd=500), price_list(()), chosen.reasons)
    folder.save(made)
    return made


def started(folder: MemoryFolder, jobs: Batches) -> tuple[BatchJob, ...]:
    return BatchStarter(jobs, folder, "tuner", "arn:aws:iam::1:role/batch").start(source(folder))


def collected(folder: MemoryFolder, jobs: Batches, size: int = 2) -> BatchProgress:
    return BatchCollector(jobs, folder).progress(source(folder, size))


def source(folder: MemoryFolder, size: int = 2) -> AnswerBatches:
    pinned = folder.manifest()
    return AnswerBatches(folder, pinned, Allotments.of(folder, pinned), "tuner", size)


def record_of(folder: MemoryFolder, contestant: str = "base") -> BatchJob:
    return folder.load(BatchJob, Keys.batch(contestant))
