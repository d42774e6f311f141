"""`tuner estimate`: estimates the cost of a run with the code of the run's own step.

Nothing is uploaded. AWS is called only when a deployment is named (--stack or --local).
"""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Annotated, NoReturn, get_args

import typer
from rich.table import Table

from tuner import catalog
from tuner.artifacts.costs.amounts import money, money_at_most, money_of_sum
from tuner.artifacts.costs.cost_items import OVERHEAD
from tuner.artifacts.costs.estimate import CostItem, Estimate
from tuner.artifacts.dataset import EvaluationQuestion
from tuner.artifacts.evaluation.contestants import ContestantName
from tuner.artifacts.preflight import Preflight
from tuner.aws.bedrock.control_plane import Bedrock
from tuner.aws.price_list import PriceListApi
from tuner.aws.quotas import Quotas
from tuner.aws.s3.guard_questions import guard_records
from tuner.cli import upload
from tuner.cli.commands.data.display import show_findings, show_power
from tuner.cli.dataset_check import PlannedGeneration, check_dataset, planned_generation, taken_as
from tuner.cli.deployment import DEFAULT_STACK
from tuner.cli.options import Json, Local, StackIfAny, connect
from tuner.cli.terminal.console import console, emit, say
from tuner.cli.upload import DatasetFolder
from tuner.core.artifact_keys import Keys
from tuner.core.run import role_of
from tuner.core.strict_model import JsonObject
from tuner.costs.batch_choice import USUAL_LEAST, batch_choice
from tuner.costs.cost_inputs import CostInputs, Plan, QuestionTokens, cost_inputs, count_questions
from tuner.costs.estimate import estimate as add_up
from tuner.costs.overhead import ONE_MONTH
from tuner.costs.prices.current_prices import NoCache, current_prices
from tuner.costs.prices.price_list import Price, price, price_list
from tuner.costs.prices.usage_types import needed_prices
from tuner.costs.spending_decision import spending_decision, spending_reason
from tuner.costs.warnings import warnings
from tuner.costs.write_estimate import spending_limits
from tuner.datasets import KeptLines, NoSink, Prepared
from tuner.evaluation.statistics.planning import planning_sentence
from tuner.intake.contestants import contestants
from tuner.intake.resolved_settings import Resolved, resolve, valid_settings
from tuner.preflight import batch_minimums, legacy_warning
from tuner.reporting.formatting import quantity
from tuner.settings import Commitment, DeploymentSettings


def estimate(
    path: Annotated[
        Path,
        typer.Argument(metavar="PATH", help="Dataset folder: a training file or documents.", show_default=False),
    ],
    model: Annotated[
        str | None, typer.Option("--model", metavar="ID", help="The model to customize, instead of run.yaml's.")
    ] = None,
    settings: Annotated[
        Path | None, typer.Option(metavar="FILE", help="File to use as run.yaml, instead of the folder's own.")
    ] = None,
    stack: StackIfAny = None,
    as_json: Json = False,
    on_local: Local = False,
) -> None:
    """Estimate the cost of a run, item by item. Exit status 1 if it cannot run or costs too much."""
    folder = upload.read(path, None, settings)
    # --model goes before the file, to compare models with the same settings.
    document = {**folder.settings(), **({"base_model": model} if model else {})}
    asked = stack is not None or on_local
    deployment = connect(stack or DEFAULT_STACK, on_local).settings if asked else _permissive(document)
    resolved = resolve(document, deployment, folder.settings_name)
    compared = contestants(resolved.settings, any(role_of(file.name) == "documents" for file in folder.files))
    plan = Plan(resolved.model, resolved.settings, resolved.trainings, resolved.judge_model, compared)
    prepared, inputs, generation = _cost_inputs(folder, plan)
    if prepared.findings.errors:
        _refuse(prepared, as_json)
    records = prepared.summary.training_records + generation.counts.get("training", 0)
    inputs = replace(inputs, shard_size=deployment.shard_size)
    account = Preflight(warnings=_legacy(plan) if asked else (), batch_minimums=_batch_minimums(plan, asked))
    chosen = batch_choice(plan, inputs, account)
    prices, problems = _current_prices(plan, deployment.region, chosen.any) if asked else ((), ())
    known = price_list(deployment.prices, prices)
    chosen = chosen.of_cheaper_judges(plan, known)
    inputs = replace(inputs, batched=chosen.batched, batched_judges=chosen.judges)
    warned = (
        *taken_as(prepared.findings),
        *([generation.sentence] if generation.sets else []),
        *warnings(plan, inputs, records, account, deployment.shard_size),
        *chosen.reasons,
        *problems,
    )
    made = add_up(plan, inputs, spending_limits(resolved.settings, deployment), known, warned)
    if as_json:
        decided = {"decision": spending_decision(made), "reason": spending_reason(made)}
        emit({**made.model_dump(mode="json"), **decided, "power": planning_sentence(prepared.summary)})
    else:
        _show(made, resolved, asked)
        show_power(prepared.summary)
    raise typer.Exit(1 if spending_decision(made) == "refuse" else 0)


def _refuse(prepared: Prepared, as_json: bool) -> NoReturn:
    """Shows what is wrong with the dataset. There is no total: the run would end before it costs anything."""
    if as_json:
        emit({"ready": False, **prepared.findings.as_json()})
    else:
        show_findings(prepared.findings)
        say("Such a dataset has no estimate: its run ends before it costs anything. Nothing was uploaded.")
    raise typer.Exit(1)


def _legacy(plan: Plan) -> tuple[str, ...]:
    """A warning for each base model whose end AWS has announced."""
    described = [(model, Bedrock().foundation_model(model.id)) for model in plan.base_models]
    warnings = [legacy_warning(model, found) for model, found in described if found]
    return tuple(filter(None, warnings))


def _batch_minimums(plan: Plan, asked: bool) -> dict[str, int]:
    """The least records of batch jobs, from the account. Without one: AWS's default for models with a known price."""
    if plan.settings.hurry:
        return {}
    if asked:
        return batch_minimums(Quotas(), plan.model, plan.contestants, plan.judges)
    ids = {plan.model.base_endpoint: plan.model.invoke_id}
    ids |= {other.id: other.foundation_model for other in plan.other_models}
    return {asked_id: USUAL_LEAST for asked_id, priced in ids.items() if price("batch_input", priced)}


def _current_prices(plan: Plan, region: str, batch: bool) -> tuple[tuple[Price, ...], tuple[str, ...]]:
    """Today's prices from AWS's price list, read with the caller's credentials."""
    return current_prices(PriceListApi(), NoCache(), needed_prices(plan.base_models, plan.other_models, region, batch))


def _permissive(document: JsonObject) -> DeploymentSettings:
    """Default settings in a Region of the model that allow everything that the run asks for.

    Without a deployment there is nobody to refuse a setting, and the estimate is still useful.
    """
    asked = valid_settings(document)
    model = catalog.model(asked.base_model or DeploymentSettings().base_model)
    return DeploymentSettings(region=model.regions[0]).model_copy(
        update={
            "scorers": {asked.scorer.name: ""} if asked.scorer.name else {},
            "judge_models": tuple(filter(None, (*asked.judge.named, asked.generate.model))),
            "compared_models": tuple(each.model for each in asked.compare_with or () if each.model),
            "commitments": get_args(Commitment),
            "longest_keep_hours": float("inf"),
        }
    )


def _cost_inputs(folder: DatasetFolder, plan: Plan) -> tuple[Prepared, CostInputs, PlannedGeneration]:
    """Prepares the data and counts it as the run's own steps do, without writing anything."""
    files, name = folder.sources, folder.settings_name
    evaluation, training = KeptLines(), KeptLines()
    # Only contestants with examples or passages need the training data again.
    kept = {Keys.EVALUATION: evaluation}
    kept |= {Keys.TRAINING: training} if any(each.context for each in plan.others) else {}
    generation = planned_generation(files, plan.settings, plan.model)
    prepared = check_dataset(
        files,
        plan.settings,
        plan.model,
        generation,
        lambda key: kept.get(key) or NoSink(),
        name,
        folder.ignored,
    )
    questions = [EvaluationQuestion.model_validate_json(line) for line in evaluation.lines()]
    guard = guard_records(plan.settings.evaluation, prepared.guard)
    inputs = cost_inputs(prepared.summary, questions, plan, guard=guard)
    if not prepared.findings.errors and generation.sets:
        from tuner.generation import check_budget, planned_inputs  # loads native code: only when it is needed

        bound = check_budget(generation.sets, plan.settings.generate.model or plan.judge_model, float("inf"))
        inputs = planned_inputs(generation.sets, plan, inputs, bound)
    elif not prepared.findings.errors:
        inputs = replace(inputs, compared=_compared(folder, plan, questions, training))
    return prepared, inputs, generation


def _compared(
    folder: DatasetFolder, plan: Plan, questions: list[EvaluationQuestion], training: KeptLines
) -> dict[ContestantName, QuestionTokens]:
    """The tokens of the questions as other contestants are asked them, with their examples and passages."""
    others = [each for each in plan.others if each.context]
    if not others:
        return {}
    from tuner.retrieval.contexts import questions_with_context  # loads native code: only when it is needed

    records = [json.loads(line) for line in training.lines()]
    documents = {name: source for name, source in folder.sources.items() if role_of(name) == "documents"}
    prompt, size = plan.settings.system_prompt, plan.model.family.characters_per_token
    asked = {each.name: questions_with_context(each, plan.settings, questions, records, documents) for each in others}
    return {name: count_questions(found, prompt, size) for name, found in asked.items()}


def _show(made: Estimate, resolved: Resolved, asked: bool) -> None:
    target = console()
    names = dict.fromkeys(model.name for model, _ in resolved.trainings)
    target.print(f"{', '.join(names)}, serving: {resolved.settings.serving}", style="name")
    target.print(_table(made))
    without_warnings = made.model_copy(update={"warnings": ()})
    style = {"proceed": "good", "approve": "warn", "refuse": "bad"}[spending_decision(made)]
    say(spending_reason(without_warnings), style)
    for warning in made.warnings:
        say(f"Warning: {warning}", "warn")
    if made.choices:
        say("The candidates have several base models: this is the most expensive choice between them.", "quiet")
    if made.unknown:
        say("An unknown price is not zero. Look it up, and set it in the deployment's setting 'prices'.", "warn")
    if spending_decision(made) == "approve":
        say("Such a run waits for approval. Its notification and 'tuner runs' have the commands for the answer.")
    stored = next((rate.usd for rate in made.rates if rate.item == "storage"), None)
    if stored is not None:
        say(f"After the first month, a model costs {money(stored)} a month until it is deleted: tuner models.", "quiet")
    if not asked:
        say("Budget and prices are the defaults. Use those of a deployment with --stack NAME.", "quiet")


def _table(made: Estimate) -> Table:
    table = Table(box=None, padding=(0, 1, 0, 0), header_style="quiet")
    table.add_column("what", overflow="fold")
    table.add_column("quantity", justify="right", no_wrap=True)
    table.add_column("unit")
    table.add_column("expected", justify="right", no_wrap=True)
    table.add_column("at most", justify="right", no_wrap=True)
    rows = [item for item in made.items if item.id not in OVERHEAD]
    small = [item for item in made.items if item.id in OVERHEAD]
    total, worst = money(made.total_usd), money_at_most(made.worst_case_usd)
    *expected, other = money_of_sum([*(item.usd for item in rows), sum(item.usd or 0 for item in small)], total)
    *at_most, most = money_of_sum(
        [*(item.at_most_usd for item in rows), sum(item.at_most_usd or 0 for item in small)], worst
    )
    for item, usd, upper in zip(rows, expected, at_most, strict=True):
        _row(table, item, usd, upper)
    table.add_row("Lambda, Step Functions, S3", "", f"storage {ONE_MONTH}", other, most)
    table.add_row("All that is known" if made.unknown else "All", "", "", total, worst, style="name")
    return table


def _row(table: Table, item: CostItem, usd: str, at_most: str) -> None:
    known = item.usd is not None
    table.add_row(
        item.name,
        quantity(item.quantity),
        item.unit,
        usd if known else "unknown",
        at_most if known else "unknown",
        style=None if known else "warn",
    )
