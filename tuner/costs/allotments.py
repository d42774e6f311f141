"""Divides the approved tokens of a run among the parts that spend them: one allotment for each payer and shard.

The worst case is a sum over the evaluation questions. An allotment is the part of that sum that belongs to the
questions of a shard. So all allotments together are the worst case, and no shard needs to know of another.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from tuner.artifacts.costs.cost_items import CostItemId
from tuner.artifacts.costs.estimate import Estimate
from tuner.artifacts.costs.token_reservation import Payer, batch_payer, judge_batch, judge_payer
from tuner.artifacts.dataset import DatasetSummary, EvaluationQuestion
from tuner.artifacts.evaluation.contestants import TUNED, Contestant, ContestantName
from tuner.artifacts.manifest import Manifest
from tuner.aws.s3.guard_questions import guard_questions
from tuner.aws.s3.run_folder import RunFolder
from tuner.core.artifact_keys import Keys
from tuner.core.errors import SpendingLimitError
from tuner.core.run import again_command
from tuner.costs.answer_usage import AnswerUsage
from tuner.costs.cost_inputs import CostInputs, Plan, QuestionTokens, cost_inputs, count_questions
from tuner.costs.judge_usage import JudgeUsage, ScorerUsage
from tuner.costs.meter import FolderReservationStore, Meter, SingleCall, Tokens

_Items = tuple[CostItemId, CostItemId]
_BASE: _Items = (CostItemId.BASE_MODEL_INPUT, CostItemId.BASE_MODEL_OUTPUT)
_TUNED: _Items = (CostItemId.TUNED_MODEL_INPUT, CostItemId.TUNED_MODEL_OUTPUT)
_COMPARED: _Items = (CostItemId.COMPARED_INPUT, CostItemId.COMPARED_OUTPUT)
_BATCH: _Items = (CostItemId.BATCH_INPUT, CostItemId.BATCH_OUTPUT)
_JUDGE_BATCH: _Items = (CostItemId.JUDGE_BATCH_INPUT, CostItemId.JUDGE_BATCH_OUTPUT)
_JUDGE: _Items = (CostItemId.JUDGE_INPUT, CostItemId.JUDGE_OUTPUT)


@dataclass(frozen=True, slots=True)
class Allotments:
    """The allotments of a run, from its approved estimate and the inputs that the estimate was made of."""

    folder: RunFolder
    plan: Plan
    approved: Estimate
    inputs: CostInputs

    @classmethod
    def of(cls, folder: RunFolder, manifest: Manifest) -> Allotments:
        """The allotments of the run. Raises AwsError when it has no estimate: then nothing was approved."""
        plan = Plan.of(manifest)
        questions = folder.load_records(Keys.EVALUATION, EvaluationQuestion)
        return cls(
            folder,
            plan,
            folder.load(Estimate),
            cost_inputs(folder.load(DatasetSummary), questions, plan, guard=guard_questions(folder)),
        )

    def answers(self, contestant: ContestantName, shard: int, questions: Sequence[EvaluationQuestion]) -> Meter | None:
        """The meter for a contestant's answers to a shard. None for a model on throughput, which is paid by the hour.

        `questions` are as the contestant is asked them.
        """
        settings = self.plan.settings_of(self._contestant(contestant))
        usage = AnswerUsage.of(settings, self._part(questions).questions, self.is_batched(contestant))
        return self._metered(contestant, contestant, shard, usage)

    def guard(self, contestant: ContestantName, shard: int, _: Sequence[EvaluationQuestion]) -> Meter | None:
        """The meter for a model's answers to the guard questions."""
        usage = AnswerUsage.of(self.plan.settings.for_guard(), self.inputs.guard)
        return self._metered(contestant, f"{contestant}/guard", shard, usage)

    def _metered(self, contestant: ContestantName, payer: Payer, shard: int, usage: AnswerUsage) -> Meter | None:
        who = self._contestant(contestant)
        if who.asks_tuned and self.plan.settings.serving == "provisioned":
            return None
        is_other = who in self.plan.others
        batched = self.is_batched(contestant)
        if is_other:
            whole = AnswerUsage.of(self.plan.settings_of(who), asked_tokens(self.folder, self.plan, who), batched)
        else:
            whole = AnswerUsage.whole(self.plan, self.inputs, batched)
        check_approved(
            self.folder,
            self.approved,
            _COMPARED if is_other else _TUNED if contestant == TUNED else _BASE,
            whole.most_input_tokens,
            whole.most_output_tokens,
            contestant=contestant if is_other else None,
        )
        allotted = Tokens(usage.most_input_tokens, usage.most_output_tokens)
        return Meter(FolderReservationStore(self.folder, payer, shard), allotted)

    def is_batched(self, contestant: ContestantName) -> bool:
        """Whether the contestant is asked in a batch job: the approved estimate has it."""
        return self.approved.find(CostItemId.BATCH_INPUT, contestant=contestant) is not None

    def batch_call(self, contestant: ContestantName) -> SingleCall:
        """The reservation of a contestant's batch job, which takes the tokens of all its questions."""
        who = self._contestant(contestant)
        is_other = who in self.plan.others
        asked = asked_tokens(self.folder, self.plan, who) if is_other else self.inputs.questions
        usage = AnswerUsage.in_batch(self.plan.settings_of(who), asked)
        most = Tokens(usage.most_input_tokens, usage.most_output_tokens)
        check_approved(self.folder, self.approved, _BATCH, most.input, most.output, contestant=contestant)
        return SingleCall(FolderReservationStore(self.folder, batch_payer(contestant)), most)

    def judge(self, shard: int, questions: Sequence[EvaluationQuestion], place: int = 0) -> Meter:
        """The meter for the grades and comparisons of a shard by one of the judges, by its place in their list.

        Each judge has a meter of its own, because their prices differ.
        """
        judge, batched = self.plan.judges[place], self.is_judge_batched(place)
        whole = JudgeUsage.of(self.plan, self.inputs, judge, batched)
        if whole.requests:
            most = (whole.most_input_tokens, whole.most_output_tokens)
            check_approved(self.folder, self.approved, _JUDGE, *most, model=self._model_of_judge(place))
        usage = JudgeUsage.of(self.plan, self._part(questions), judge, batched)
        allotted = Tokens(usage.most_input_tokens, usage.most_output_tokens)
        return Meter(FolderReservationStore(self.folder, judge_payer(place), shard), allotted)

    def is_judge_batched(self, place: int) -> bool:
        """Whether one of the judges is asked in a batch job: the approved estimate has it."""
        return self.approved.find(CostItemId.JUDGE_BATCH_INPUT, self._model_of_judge(place)) is not None

    def judge_batch_call(self, place: int) -> SingleCall:
        """The reservation of a judge's batch job, which takes the tokens of each of its requests once."""
        usage = JudgeUsage.in_batch(self.plan, self.inputs, self.plan.judges[place])
        most = Tokens(usage.most_input_tokens, usage.most_output_tokens)
        check_approved(
            self.folder, self.approved, _JUDGE_BATCH, most.input, most.output, model=self._model_of_judge(place)
        )
        return SingleCall(FolderReservationStore(self.folder, batch_payer(judge_batch(place))), most)

    def _model_of_judge(self, place: int) -> str | None:
        """The model that the judge's items of the estimate name: only those of several judges name one."""
        return self.plan.judges[place].id if len(self.plan.judges) > 1 else None

    def _contestant(self, name: ContestantName) -> Contestant:
        return next(each for each in self.plan.contestants if each.name == name)

    def scorer(self, shard: int, questions: Sequence[EvaluationQuestion], shards: int) -> Meter:
        """The meter for the calls of the own scorer for a shard, of all the run's `shards`."""
        whole = ScorerUsage.of(self.plan, self.inputs.questions.count, shards)
        check_approved(self.folder, self.approved, (CostItemId.SCORER_CALLS,), whole.most_calls)
        allotted = Tokens(ScorerUsage.of(self.plan, len(questions)).most_calls, 0)
        return Meter(FolderReservationStore(self.folder, "scorer", shard), allotted)

    def _part(self, questions: Sequence[EvaluationQuestion]) -> CostInputs:
        """The inputs with these questions only."""
        plan = self.plan
        counted = count_questions(questions, plan.settings.system_prompt, plan.model.family.characters_per_token)
        return replace(self.inputs, questions=counted)


def asked_tokens(folder: RunFolder, plan: Plan, contestant: Contestant) -> QuestionTokens:
    """The tokens of all questions as a contestant is asked them, with its examples and passages."""
    asked = folder.asked_questions(contestant)
    return count_questions(asked, plan.settings.system_prompt, plan.model.family.characters_per_token)


def check_approved(
    folder: RunFolder,
    approved: Estimate,
    items: Sequence[CostItemId],
    *most: int,
    model: str | None = None,
    contestant: ContestantName | None = None,
) -> None:
    """Raises SpendingLimitError when the estimate that was approved allows less than this run can take.

    That happens when the questions or the settings are no longer those of the estimate.
    """
    for item, tokens in zip(items, most, strict=True):
        found = approved.find(item, model, contestant)
        # An estimate of release 0.1.0 has no worst case.
        allowed = 0 if found is None else found.at_most
        if allowed is not None and tokens > allowed:
            unit = found.unit if found else "tokens"
            raise SpendingLimitError(
                f"{folder.uri(Estimate.NAME)} allows {allowed:,.0f} {unit} for '{item}', and the run could take "
                f"{tokens:,}: something has changed since its cost was approved. Run again: "
                f"{again_command(folder.run_id)}."
            )
