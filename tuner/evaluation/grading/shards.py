"""Grades a run's evaluation questions shard by shard, so that several invocations can share the work.

A shard that is graded is not graded again, unless its questions, answers or settings have changed.
"""

from __future__ import annotations

import hashlib
import json
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import asdict, replace
from functools import cached_property
from typing import Any

from tuner.artifacts.base import parse
from tuner.artifacts.dataset import DatasetSummary, EvaluationQuestion
from tuner.artifacts.evaluation.answers import Answer
from tuner.artifacts.evaluation.contestants import BEST, ContestantName
from tuner.artifacts.evaluation.graded_shard import GradedShard
from tuner.artifacts.evaluation.judgments import Judgments, judgments_file, judgments_json, read_judgments
from tuner.artifacts.task import TaskDescription
from tuner.aws.s3.run_folder import RunFolder
from tuner.core.artifact_keys import Keys
from tuner.core.concurrency_limiter import ConcurrencyLimiter
from tuner.core.errors import ArtifactError
from tuner.costs.allotments import Allotments
from tuner.costs.meter import Meter
from tuner.evaluation.encoder.source import EncoderSource
from tuner.evaluation.grading.definition import grading_definition
from tuner.evaluation.grading.graded_items import (
    GradedItem,
    GradedItemSet,
    NumberedAnswer,
    match_numbered,
    single_answers,
)
from tuner.evaluation.grading.grades import Graded, grade
from tuner.evaluation.judging.judge import CONCURRENCY, Judge, Request
from tuner.evaluation.judging.scoring_function import ScoringFunction
from tuner.evaluation.metric_language import detect
from tuner.evaluation.metrics import ScoringContext, chosen
from tuner.evaluation.tasks import with_references

# A Lambda function may run for 15 minutes. One that is stopped could not save the judgments that it got.
_SECONDS = 12 * 60


class Shards:
    """A run's evaluation questions in shards of `size`, and the grades of each shard in the run's folder.

    `asked` are the first questions, if the tuned model was not asked all of them.
    """

    def __init__(self, folder: RunFolder, size: int, encoder: EncoderSource, asked: int | None = None) -> None:
        self.folder = folder
        self.manifest = folder.manifest()
        self.every_question = list(folder.load_records(Keys.EVALUATION, EvaluationQuestion))
        self.questions = self.every_question[:asked]
        self._size = size
        self._encoder = encoder
        settings = self.manifest.settings
        references = [text for question in self.every_question for text in (question.reference, *question.accepted)]
        summary = folder.load_if_present(DatasetSummary)
        self.task = with_references(summary.task if summary else TaskDescription(), references)
        self._metrics = chosen(settings.used_metrics(self.task.name))
        self._until = time.monotonic() + _SECONDS
        # All shards share one limiter for each judge: what one shard learns about its quota is true for the next one.
        self._limiters = {model: ConcurrencyLimiter(CONCURRENCY) for model in self.manifest.judge_models}
        self._context = ScoringContext(
            encoder=encoder,
            language=settings.evaluation.language or detect(question.reference for question in self.every_question),
            task=self.task,
            questions={question.id: question for question in self.questions},
        )

    def _scorer(self, shard: int, open_meters: ExitStack) -> ScoringFunction | None:
        function = self.manifest.scorer_function
        if not function:
            return None
        shards = -(-len(self.every_question) // self._size)
        meter = open_meters.enter_context(self.allotted.scorer(shard, self._slice(shard), shards))
        return ScoringFunction(function, self.manifest.settings.scorer, until=self._until, meter=meter)

    @cached_property
    def contestants(self) -> tuple[ContestantName, ...]:
        """Whose answers are graded. A run that asked to be compared with the best one may be the first of its kind."""
        names = self.manifest.contestant_names
        none_earlier = BEST in names and not self.folder.list(f"answers/{BEST}/")
        return tuple(name for name in names if name != BEST or not none_earlier)

    @property
    def count(self) -> int:
        """How many shards there are."""
        return -(-len(self.questions) // self._size)

    def items(self) -> GradedItemSet:
        """All questions with all answers."""
        # The base model answers all questions, also if the tuned model is not asked all of them.
        asked = {question.id for question in self.questions}
        left_out = {question.id for question in self.every_question} - asked
        answers = {name: self._all_answers(name) for name in self.contestants}
        kept = {name: [each for each in given if each[0] not in left_out] for name, given in answers.items()}
        return self._matched(self.questions, kept)

    def items_of(self, shard: int) -> GradedItemSet:
        """One shard's questions with their answers."""
        questions = self._slice(shard)
        ids = {question.id for question in questions}
        given = {name: self._answers(name, shard, ids) for name in self.contestants}
        return self._matched(questions, given)

    def _matched(
        self, questions: Sequence[EvaluationQuestion], answers: Mapping[ContestantName, Sequence[NumberedAnswer]]
    ) -> GradedItemSet:
        return match_numbered(questions, answers, range(self.manifest.settings.evaluation.samples))

    def graded(self, shard: int, items: GradedItemSet) -> Graded:
        """The shard's grades. They are read from the folder if they fit the items and settings, else made now.

        `items` holds the shard's items, and possibly others.
        """
        ids = {question.id for question in self._slice(shard)}
        own = [item for item in items.items if item.id in ids]
        fingerprint = self._fingerprint(own)
        known = self._known(shard)
        if known is not None and known.fingerprint == fingerprint:
            return Graded(known.records, known.about, known.counts)
        with ExitStack() as open_meters, self.cached_judgments(shard) as judgments:
            judges = [
                self.judge(
                    place,
                    judgments,
                    open_meters.enter_context(self.allotted.judge(shard, self._slice(shard), place)),
                )
                for place in range(len(self._limiters))
            ]
            context = replace(self._context, judges=judges, scorer=self._scorer(shard, open_meters))
            made = grade(own, self._metrics, context)
        saved = GradedShard(
            fingerprint=fingerprint,
            records=made.records,
            about=dict(made.about),
            counts={name: dict(counts) for name, counts in made.counts.items()},
        )
        self.folder.write(GradedShard.name(shard), saved.to_json())
        return made

    def judge(self, place: int, judgments: Judgments, meter: Meter | None = None) -> Judge:
        """One of the judges, by its place in their list. One with a batch job is asked for JSON as text by calls too,
        so that all its judgments come the same way.
        """
        model = self.manifest.judge_models[place]
        return Judge(
            model,
            self.manifest.settings.judge,
            judgments,
            limiter=self._limiters[model],
            until=self._until,
            longest_answer=self.manifest.settings.inference.longest_answer_bytes,
            meter=meter,
            as_text=place in self._batched_judges,
        )

    def judge_requests(self, shard: int, judge: Judge) -> list[Request]:
        """What the metrics ask the judge about a shard. Requests that are the same are there once."""
        single = single_answers(self.items_of(shard).items)
        asked = [request for metric in self._metrics for request in metric.requests(single, judge)]
        return list({judge.key(request): request for request in asked}.values())

    @cached_property
    def _batched_judges(self) -> list[int]:
        """The places of the judges that have a batch job: only runs that are not in a hurry have some."""
        places = () if self.manifest.settings.hurry else range(len(self._limiters))
        return [place for place in places if self.allotted.is_judge_batched(place)]

    @cached_property
    def allotted(self) -> Allotments:
        """The approved tokens of the run."""
        return Allotments.of(self.folder, self.manifest)

    def _known(self, shard: int) -> GradedShard | None:
        name = GradedShard.name(shard)
        data = self.folder.find(name)
        try:
            return None if data is None else parse(GradedShard, data, self.folder.uri(name))
        except ArtifactError:
            return None  # Another version wrote it. Grading again costs nothing: the judgments are cached.

    def _slice(self, shard: int) -> list[EvaluationQuestion]:
        return self.questions[shard * self._size : (shard + 1) * self._size]

    def _all_answers(self, contestant: ContestantName) -> list[NumberedAnswer]:
        return [(answer.id, answer.answer, answer.number) for answer in self.folder.answers(contestant)]

    def _answers(self, contestant: ContestantName, shard: int, ids: set[str]) -> list[NumberedAnswer]:
        """The answers to these questions: from the file of the same number, unless its shards had another size."""
        name = Keys.answers(contestant, shard)
        records = self.folder.load_records(name, Answer) if name in self.folder.list(name) else ()
        found = [(record.id, record.answer, record.number) for record in records]
        if not ids <= {key for key, _, _ in found}:
            found = self._all_answers(contestant)
        return [each for each in found if each[0] in ids]

    def _fingerprint(self, items: Sequence[GradedItem]) -> str:
        """A hash of everything that decides what the grades are."""
        parts: list[Any] = [
            [asdict(each) for each in items],
            [metric.name for metric in self._metrics],
            [self.manifest.judge_models, self.manifest.settings.judge.model_dump()],
            grading_definition(),
            [self._encoder.identity, self._context.language],
        ]
        if self._batched_judges:
            parts.append(["as text", self._batched_judges])
        if self.task.name != "answer":
            parts.append(self.task.model_dump())
        if self.manifest.scorer_function:
            parts.append([self.manifest.scorer_function, self.manifest.settings.scorer.model_dump()])
        return hashlib.sha256(json.dumps(parts, sort_keys=True).encode()).hexdigest()

    @contextmanager
    def cached_judgments(self, shard: int) -> Iterator[Judgments]:
        """The shard's judgments from earlier attempts. New ones are saved also when the grading fails half-way."""
        name = judgments_file(shard)
        judgments = read_judgments(self.folder.find(name), self.folder.uri(name))
        known = dict(judgments)
        try:
            yield judgments
        finally:
            if judgments != known:
                self.folder.write(name, judgments_json(judgments))
