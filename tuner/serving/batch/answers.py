"""Asks contestants the evaluation questions in batch jobs, and turns the output into answers.

Records belong to questions by their order. What a job does not answer is asked on demand afterwards: the step that
answers asks every question without an answer.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from tuner.artifacts.batch import BatchJob
from tuner.artifacts.evaluation.answers import Answer
from tuner.artifacts.evaluation.contestants import Contestant
from tuner.artifacts.manifest import Manifest
from tuner.aws.bedrock.converse import reply_of, request_members
from tuner.aws.s3.run_folder import RunFolder
from tuner.core.artifact_keys import Keys
from tuner.core.resource_names import batch_name
from tuner.core.strict_model import JsonObject
from tuner.costs.allotments import Allotments
from tuner.costs.answer_usage import most_tokens
from tuner.costs.meter import Tokens, unused_of
from tuner.serving.batch.jobs import Batch, read_output, record_id
from tuner.serving.inference import AskedQuestion


@dataclass(frozen=True, slots=True)
class AnswerBatches:
    """The batch jobs of a run's contestants. `shard_size` is the number of questions of a file of answers."""

    folder: RunFolder
    manifest: Manifest
    allotments: Allotments
    deployment: str
    shard_size: int = 1

    def batches(self) -> Iterator[Batch]:
        """A batch job for each contestant for which the approved estimate has one."""
        for number, contestant in enumerate(self.manifest.contestants, 1):
            if self.allotments.is_batched(contestant.name):
                yield self._batch(number, contestant)

    def owns(self, record: BatchJob) -> bool:
        """Whether it asks a contestant."""
        return record.contestant is not None

    def save(self, under: str, record: BatchJob) -> tuple[int, str]:
        """Writes the answers. Returns how many there are, and the first error of a record without one."""
        contestant = self.manifest.contestant(str(record.contestant))
        settings = self.manifest.for_contestant(contestant).settings
        asked = self._asked(contestant)
        replies, errors = read_output(self.folder, under, lambda output: reply_of(output, 0))
        answers: list[Answer | None] = [None] * len(asked)
        unused = Tokens(0, 0)
        for number, each in enumerate(asked):
            if reply := replies.get(record_id(number)):
                answers[number] = each.answered(reply, latency_ms=None, batch=True)
                unused += unused_of(most_tokens(each.question, settings), reply)
        self.allotments.batch_call(contestant.name).settle(unused)
        size = self.shard_size * settings.evaluation.samples
        for shard, first in enumerate(range(0, len(asked), size)):
            _write(self.folder, Keys.answers(contestant.name, shard), answers[first : first + size])
        return sum(answer is not None for answer in answers), next(iter(errors), "The output has no line for them.")

    def _batch(self, number: int, contestant: Contestant) -> Batch:
        return Batch(
            under=Keys.batch(contestant.name),
            record=BatchJob(
                contestant=contestant.name, job_name=batch_name(self.deployment, self.folder.run_id, number)
            ),
            model=contestant.model or self.manifest.base_endpoint,
            requests=lambda: self._requests(contestant),
            call=self.allotments.batch_call(contestant.name),
        )

    def _asked(self, contestant: Contestant) -> list[AskedQuestion]:
        """The questions as the contestant is asked them, once for each of several answers."""
        return AskedQuestion.each(self.folder.asked_questions(contestant), self.manifest.settings.evaluation.samples)

    def _requests(self, contestant: Contestant) -> Iterator[JsonObject]:
        settings = self.manifest.for_contestant(contestant).settings
        for each in self._asked(contestant):
            *earlier, last = each.question.turns
            system = each.question.system or settings.system_prompt
            yield request_members(last.text, system, settings.inference, earlier)


def _write(folder: RunFolder, name: str, answers: Sequence[Answer | None]) -> None:
    found = [answer for answer in answers if answer]
    if found:
        folder.save_records(name, found)
