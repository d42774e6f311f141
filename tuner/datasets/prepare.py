"""Prepares a run's dataset: reads, checks, converts and splits its files, and writes all of the result or nothing."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from dataclasses import asdict, dataclass, replace

from tuner.artifacts.dataset import FEWEST_GROUPS, DatasetSummary, QuestionGroups, SourceFile
from tuner.artifacts.guard import GuardRecord
from tuner.artifacts.manifest import UnusedFile
from tuner.artifacts.task import TaskDescription
from tuner.catalog import Model
from tuner.core.artifact_keys import Keys
from tuner.datasets.evaluation_questions import EvaluationQuestionWriter
from tuner.datasets.findings import Findings, Issue, printable
from tuner.datasets.io import CommitTogether, Sink, Source
from tuner.datasets.pipeline import FilePipeline, Output
from tuner.datasets.profile import ProfileResult, ProfileSource, profile_dataset
from tuner.datasets.readiness import readiness
from tuner.datasets.reading import Budget
from tuner.datasets.records.file_rules import file_bytes, reading_budget, record_counts
from tuner.datasets.records.record import DataRole
from tuner.datasets.records.rules import RecordLimits, reserved_string_issue
from tuner.datasets.split import HeldOutRecords, choose_held_out, held_out_bounds
from tuner.datasets.tasks.checks import check_task
from tuner.datasets.tasks.recognition import describe_task
from tuner.settings import FieldNames, RunSettings

# Readers of `dataset/summary.json` compare `validation_from` with this text.
GENERATED_FROM = "generated from documents"
# The step has 15 minutes, and this includes neither the last block nor the profile of what was read.
LONGEST_SECONDS = 600
# The field names of `generated/*.jsonl`.
GENERATED_FIELDS = FieldNames(prompt="question", completion="answer")


@dataclass(frozen=True, slots=True)
class Prepared:
    """The result. The converted files were written only if `findings` has no error. `guard`: own guard questions."""

    summary: DatasetSummary
    findings: Findings
    guard: tuple[GuardRecord, ...] = ()

    def judged(self) -> Prepared:
        """The result with the verdict of its findings: some were added."""
        return replace(self, summary=self.summary.model_copy(update={"verdict": readiness(self.findings)}))


def prepare(
    sources: Mapping[DataRole, Source],
    settings: RunSettings,
    model: Model,
    sink: Callable[[str], Sink],
    generated: Collection[DataRole] = (),
    to_generate: Mapping[DataRole, int] | None = None,
    settings_name: str = "run.yaml",
) -> Prepared:
    """Prepares a dataset, and writes `Keys.TRAINING`, `VALIDATION` and `EVALUATION` through `sink`.

    `generated` says which of the data was generated from documents, `to_generate` how many records are still to be
    generated of the others. Training data is in one of the two, or in `sources`. `settings_name` is the file that
    findings about settings name. Raises nothing for the content of the files: all issues are in the findings.
    """
    return _Preparation(sources, settings, model, sink, generated, to_generate or {}, settings_name).run()


def with_unused_files(prepared: Prepared, files: Iterable[UnusedFile]) -> Prepared:
    """The result with a warning for each file of the folder that looks like a part of the dataset and is not used."""
    for file in files:
        prepared.findings.add(
            printable(file.name), None, Issue(file.rule, file.message, file.remedy, severity="warning")
        )
    return prepared.judged()


class _Preparation:
    def __init__(
        self,
        sources: Mapping[DataRole, Source],
        settings: RunSettings,
        model: Model,
        sink: Callable[[str], Sink],
        generated: Collection[DataRole],
        to_generate: Mapping[DataRole, int],
        settings_name: str,
    ) -> None:
        self._sources = sources
        self._settings = settings
        self._model = model
        self._findings = Findings(settings_name)
        self._ends_at = time.monotonic() + LONGEST_SECONDS
        self._generated = generated
        self._to_generate = to_generate
        self._settings_name = settings_name
        # Training data is committed last: its presence means that the other files are there.
        sinks = {name: sink(name) for name in (Keys.VALIDATION, Keys.EVALUATION, Keys.TRAINING)}
        self._commit = CommitTogether(*sinks.values())
        self._evaluation, self._training = Output(sinks[Keys.EVALUATION]), Output(sinks[Keys.TRAINING])
        self._questions = EvaluationQuestionWriter(self._evaluation, self._limits("evaluation"))
        # The file that the evaluation questions are from: its records keep where they are from.
        has_validation = "validation" in sources or to_generate
        self._asked: DataRole = (
            "evaluation" if "evaluation" in sources else "validation" if has_validation else "training"
        )
        # Without an evaluation file, the validation records are the evaluation questions too.
        listener = None if "evaluation" in {*sources, *to_generate} else self._questions.write
        self._validation = Output(sinks[Keys.VALIDATION], listener)
        self._pipelines: dict[DataRole, FilePipeline] = {}

    def run(self) -> Prepared:
        with self._commit as commit:
            self._check_system_prompt()
            profiled = self._profile()
            task = self._task(profiled)
            has_validation = "validation" in {*self._sources, *self._to_generate}
            held = None if has_validation else self._hold_out(profiled.leaders)
            self._convert(held)
            if "evaluation" in self._sources:
                self._questions.write(self._pipeline("evaluation").records())
            self._check_own_system_prompts()
            self._check_files(held)
            groups = None
            if self._findings.errors:
                commit.cancel()
            else:
                groups = self._groups()
        return Prepared(self._summary(held, profiled, task, groups), self._findings)

    def _groups(self) -> QuestionGroups | None:
        """How the evaluation questions are related. Adds a warning if the groups are too few to show anything."""
        groups = self._questions.groups(self._settings.evaluation.group_by)
        if groups is not None and groups.groups < FEWEST_GROUPS:
            message = f"{groups.sentence} At least {FEWEST_GROUPS} groups are needed to show any difference."
            other = "another field" if groups.field else "the field that tells the groups"
            remedy = f"Add questions from others, or name {other} in evaluation.group_by."
            issue = Issue("few-groups", message, remedy, severity="warning")
            self._findings.add(self._sources[self._asked].name, None, issue)
        return groups

    def _pipeline(self, role: DataRole) -> FilePipeline:
        """The pipeline of a file that adds to the findings. Each file has one, so that no issue is counted twice."""
        self._pipelines[role] = FilePipeline(
            self._sources[role],
            self._limits(role),
            self._fields(role),
            self._findings,
            budget=self._budget(role),
            kept=self._settings.evaluation.kept_fields if role == self._asked else None,
        )
        return self._pipelines[role]

    def _quiet_pipeline(self, role: DataRole) -> FilePipeline:
        """A pipeline for another pass over a file, whose findings are ignored."""
        limits, fields = self._limits(role), self._fields(role)
        return FilePipeline(self._sources[role], limits, fields, Findings(), budget=self._budget(role))

    def _budget(self, role: DataRole) -> Budget:
        """What may be read of a file. All passes over all files share the time."""
        return reading_budget(self._model, role, self._ends_at)

    def _fields(self, role: DataRole) -> FieldNames:
        """The field names of the run's settings. Generated data has names of its own."""
        return GENERATED_FIELDS if role in self._generated else self._settings.fields

    def _limits(self, role: DataRole) -> RecordLimits:
        return RecordLimits(self._model, role, self._settings.system_prompt)

    def _check_system_prompt(self) -> None:
        for reserved in self._model.family.reserved_strings:
            if reserved in (self._settings.system_prompt or ""):
                issue = reserved_string_issue(reserved, self._model, "system_prompt")
                self._findings.add(self._settings_name, None, issue)

    def _profile(self) -> ProfileResult:
        files = {
            role: ProfileSource(source.name, self._quiet_pipeline(role).records)
            for role, source in self._sources.items()
        }
        tokens, leakage = self._limits("training").tokens, self._settings.evaluation.leakage
        return profile_dataset(files, tokens, self._findings, leakage, self._settings.system_prompt)

    def _task(self, profiled: ProfileResult) -> TaskDescription:
        """The task of the dataset. Adds what is wrong with the answers, and with settings that do not fit the task."""
        if "training" not in self._sources:  # the answers are not known before they are generated
            return TaskDescription()
        others = [answers for role, answers in profiled.answers.items() if role != "training"]
        task = describe_task(self._settings, profiled.answers["training"], others)
        check_task(task, self._settings, profiled.answers, self._findings, self._settings_name)
        return task

    def _hold_out(self, leaders: Mapping[int, int]) -> HeldOutRecords:
        inputs = self._quiet_pipeline("training").input_hashes()
        return choose_held_out(inputs, self._settings.validation.fraction, self._model.family, leaders)

    def _convert(self, held: HeldOutRecords | None) -> None:
        if held:
            self._pipeline("training").convert(self._training, self._validation, held.contains)
            return
        if "training" in self._sources:
            self._pipeline("training").convert(self._training)
        if "validation" in self._sources:
            self._pipeline("validation").convert(self._validation)

    def _check_own_system_prompts(self) -> None:
        """A warning for each file whose records have system prompts of their own, when the run names one as well."""
        for role, pipeline in self._pipelines.items():
            if pipeline.own_system:
                having = f"{pipeline.own_system:,} record{' has' if pipeline.own_system == 1 else 's have'}"
                message = f"{having} a system prompt of {'its' if pipeline.own_system == 1 else 'their'} own."
                remedy = f"There, system_prompt in {self._settings_name} is not used. Remove one of the two."
                issue = Issue("own-system-prompt", message, remedy, "system_prompt", "warning")
                self._findings.add(self._sources[role].name, None, issue)

    def _check_files(self, held: HeldOutRecords | None) -> None:
        """Adds issues of whole files.

        An issue of data without a file of its own is reported for the training file, or the documents in place of it.
        """
        name = self._sources["training"].name if "training" in self._sources else "documents/"
        for issue in self._file_issues(held):
            source = self._sources.get(issue.role) if issue.role else None
            self._findings.add(source.name if source else name, None, issue)
        if not (self._evaluation.records or self._to_generate or self._findings.errors):
            issue = Issue("record-count", "there is no evaluation question.", "Upload an evaluation file.")
            self._findings.add(name, None, issue)
        for setting, field in self._settings.evaluation.named_fields if self._evaluation.records else ():
            if not self._questions.values[field]:
                issue = _unknown_field(setting, field, self._sources[self._asked].name)
                self._findings.add(self._settings_name, None, issue)

    def _file_issues(self, held: HeldOutRecords | None) -> Iterator[Issue]:
        # The number of records in a file that could not be read to its end is not known.
        if not any(pipeline.unreadable for pipeline in self._pipelines.values()):
            samples = self._settings.evaluation.samples
            yield from record_counts(self._model, self._record_counts(held), held is not None, samples)
        yield from file_bytes(self._model, "training", self._training.bytes)
        yield from file_bytes(self._model, "validation", self._validation.bytes)

    def _record_counts(self, held: HeldOutRecords | None) -> dict[DataRole, int]:
        """Refused records count as well: they are records once they are fixed."""
        refused = {role: pipeline.refused for role, pipeline in self._pipelines.items()}
        training = self._training.records + refused.get("training", 0)
        validation = self._validation.records
        if held and refused["training"]:
            # Some of the refused records will be held out. What the limits allow is chosen then, if there is enough.
            together = training + validation
            validation = held_out_bounds(together, self._model.family)[1]
            training = together - validation
        counts: dict[DataRole, int] = {
            "training": training,
            "validation": validation + refused.get("validation", 0),
        }
        found = {role: count + self._to_generate.get(role, 0) for role, count in counts.items()}
        # Without evaluation data, the validation data is used for the evaluation too.
        asked = self._evaluation.records + self._to_generate.get("evaluation", 0)
        asked = asked or self._to_generate.get("validation", 0)
        return {**found, "evaluation": asked} if asked else found

    def _summary(
        self,
        held: HeldOutRecords | None,
        profiled: ProfileResult,
        task: TaskDescription,
        groups: QuestionGroups | None,
    ) -> DatasetSummary:
        return DatasetSummary(
            training_records=self._training.records,
            validation_records=self._validation.records,
            evaluation_records=self._evaluation.records,
            training_tokens=self._tokens(self._training),
            validation_tokens=self._tokens(self._validation),
            evaluation_tokens=self._tokens(self._evaluation),
            tokens_are=f"estimated at {self._model.family.characters_per_token:g} bytes of UTF-8 each",
            training_bytes=self._training.bytes,
            validation_bytes=self._validation.bytes,
            training_from=self._from("training"),
            validation_from="held out" if held else self._from("validation"),
            evaluation_from=self._from("evaluation", "validation"),
            record_format=self._model.family.record_format,
            study=profiled.profile,
            verdict=readiness(self._findings),
            files=tuple(
                SourceFile(role=role, key=self._sources[role].name, **asdict(pipeline.fields))
                for role, pipeline in self._pipelines.items()
            ),
            task=task,
            groups=groups,
        )

    def _from(self, role: DataRole, otherwise: str = "file") -> str:
        """Where the data of a role comes from; `otherwise` when there is none."""
        if role in self._to_generate:
            return f"to be {GENERATED_FROM}"
        if role in self._generated:
            return GENERATED_FROM
        return "file" if role in self._sources else otherwise

    def _tokens(self, output: Output) -> int:
        """The tokens that Bedrock charges for, by the family's estimate: rounded up once, for all records together."""
        return math.ceil(output.text_bytes / self._model.family.characters_per_token)


def _unknown_field(setting: str, name: str, file: str) -> Issue:
    """The issue of a field that a setting of the evaluation names and no question has."""
    message = f"no record of {file} has a value of the field '{name}'."
    return Issue("missing-field", message, "Name a field of the records, or remove it from the setting.", setting)
