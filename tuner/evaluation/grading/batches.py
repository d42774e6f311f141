"""Asks judges in batch jobs, once all answers are there, and keeps their judgments for the scoring.

Records belong to requests by their order. The step that scores asks by calls for every judgment that a job did not
give, or that cannot be used. It asks as often as `judge.attempts` still allows.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import NamedTuple

from tuner.artifacts.batch import BatchJob
from tuner.artifacts.costs.token_reservation import judge_batch
from tuner.artifacts.preflight import Preflight
from tuner.aws.bedrock.converse import reply_of
from tuner.aws.clients import Response
from tuner.aws.s3.run_folder import RunFolder
from tuner.core.artifact_keys import Keys
from tuner.core.resource_names import batch_name
from tuner.core.strict_model import JsonObject
from tuner.costs.allotments import Allotments
from tuner.costs.meter import Tokens, unused_of
from tuner.evaluation.encoder.source import NoEncoder
from tuner.evaluation.grading.shards import Shards
from tuner.evaluation.judging.judge import Judge, Request
from tuner.serving.batch.answers import AnswerBatches
from tuner.serving.batch.jobs import Batch, Source, read_output, record_id


class _Taken(NamedTuple):
    """What a record of the output used, whether its judgment can be used, and why not."""

    used: Tokens
    usable: bool = False
    problem: str | None = None


@dataclass(frozen=True, slots=True)
class JudgeBatches:
    """The batch jobs of a run's judges."""

    shards: Shards
    deployment: str

    def batches(self) -> Iterator[Batch]:
        """A batch job for each judge for which the approved estimate has one."""
        for place, model in enumerate(self.shards.manifest.judge_models):
            if self.shards.allotted.is_judge_batched(place):
                yield self._batch(place, model)

    def owns(self, record: BatchJob) -> bool:
        """Whether it asks a judge."""
        return record.judge is not None

    def save(self, under: str, record: BatchJob) -> tuple[int, str]:
        """Keeps the judgments. Returns how many can be used, and the first reason why another one cannot."""
        place = self.shards.manifest.judge_models.index(str(record.judge))
        outputs, problems = read_output(self.shards.folder, under, _of_converse)
        taken: list[_Taken] = []
        for shard in range(self.shards.count):
            with self.shards.cached_judgments(shard) as judgments:
                judge = self.shards.judge(place, judgments)
                requests = enumerate(self.shards.judge_requests(shard, judge), len(taken))
                taken += [_take(judge, request, outputs.get(record_id(number))) for number, request in requests]
        used = sum((each.used for each in taken), Tokens(0, 0))
        problems += [f"Of the first one, {each.problem}" for each in taken if each.problem]
        call = self.shards.allotted.judge_batch_call(place)
        call.settle((call.most - used).at_least(Tokens(0, 0)))
        return sum(each.usable for each in taken), next(iter(problems), "The output has no line for them.")

    def _batch(self, place: int, model: str) -> Batch:
        folder, number = self.shards.folder, len(self.shards.manifest.contestants) + place + 1
        preflight = folder.load_if_present(Preflight) or Preflight()
        return Batch(
            under=Keys.batch(judge_batch(place)),
            record=BatchJob(judge=model, job_name=batch_name(self.deployment, folder.run_id, number)),
            model=model,
            requests=lambda: self._requests(place),
            call=self.shards.allotted.judge_batch_call(place),
            # Answers may be missing or alike, so there may be fewer requests than the estimate has.
            least=preflight.batch_minimums.get(model, 0),
        )

    def _requests(self, place: int) -> Iterator[JsonObject]:
        judge = self.shards.judge(place, {})
        for shard in range(self.shards.count):
            for request in self.shards.judge_requests(shard, judge):
                yield judge.batch_record(request)


def batches_of(folder: RunFolder, deployment: str, judges: bool, shard_size: int) -> Source:
    """The batch jobs of the run's judges, or else of its contestants."""
    if judges:
        return JudgeBatches(Shards(folder, shard_size, NoEncoder()), deployment)
    manifest = folder.manifest()
    return AnswerBatches(folder, manifest, Allotments.of(folder, manifest), deployment, shard_size)


def _take(judge: Judge, request: Request, output: Response | None) -> _Taken:
    """Keeps the judgment that an output has."""
    most = judge.most_tokens(request)
    if output is None:
        return _Taken(most)  # AWS may have billed a record without an output too
    made = judge.take_from_batch(request, output)
    return _Taken(most - unused_of(most, reply_of(output, 0)), made.arguments is not None, made.problem)


def _of_converse(output: Response) -> Response:
    reply_of(output, 0)  # raises for any other form
    return output
