"""`tuner doctor`: checks whether the account is ready for a deployment, and the deployment for a run."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.table import Table
from rich.text import Text

import tuner
from tuner import catalog
from tuner.cli.checks import Check, CheckResult, account, models, quotas, scorers, stack
from tuner.cli.deployment import DEFAULT_STACK, Deployment, find, local_endpoint, use_region
from tuner.cli.errors import NoDeploymentError
from tuner.cli.local_cloud import local_error_class, use_local_cloud
from tuner.cli.options import Json, Local, Stack
from tuner.cli.terminal.console import console, emit, say
from tuner.cli.terminal.hints import pasteable
from tuner.core.errors import SettingsError, TunerError
from tuner.core.strict_model import JsonObject
from tuner.settings import DeploymentSettings, deployments

_SIGNS = {"ok": ("✓", "good"), "warning": ("!", "warn"), "failed": ("✗", "bad")}
_BASE_MODEL = "base_model"
_QUALIFIER = "@aws-cdk/core:bootstrapQualifier"


def doctor(
    context: Annotated[
        list[str] | None,
        typer.Option("--context", "-c", metavar="KEY=VALUE", help="Setting of a planned deployment, as for cdk."),
    ] = None,
    ask: Annotated[
        bool, typer.Option(help="Ask the judge for a grade and scorers for scores: the calls that cost money.")
    ] = True,
    as_json: Json = False,
    stack: Stack = DEFAULT_STACK,
    on_local: Local = False,
) -> None:
    """Check account, deployment, models, scorers and quotas. Exit status 1 when a check fails."""
    found = list(_results(_context(context or []), stack, on_local, ask))
    if as_json:
        emit([result.as_json() for result in found])
    else:
        console().print(_table(found))
        if local_endpoint():
            say("Stand-in: the local cloud's own small models answer in place of the models named here.", "warn")
    if any(result.status == "failed" for result in found):
        raise typer.Exit(1)


def _context(given: list[str]) -> JsonObject:
    """The context of cdk.json (of the checkout, else of the current folder), with the values of `-c`."""
    values: dict[str, Any] = {}
    # An installed wheel has no cdk.json: the defaults apply.
    for path in (Path(tuner.__file__).resolve().parents[1] / "cdk.json", Path("cdk.json")):
        if path.is_file():
            values = json.loads(path.read_text("utf-8")).get("context", {})
            break
    for setting in given:
        key, sign, value = setting.partition("=")
        if not sign:
            raise typer.BadParameter(f"'{setting}': write KEY=VALUE, as for 'cdk deploy'.", param_hint="-c")
        values[key] = value
    return values


def _settings_of(context: JsonObject, stack: str) -> DeploymentSettings:
    """The settings of the deployment with this stack; of the first deployment when none has it."""
    found = deployments(context)
    return next((settings for settings in found if settings.stack_name == stack), found[0])


def _results(context: JsonObject, name: str, on_local: bool, ask: bool) -> Iterator[CheckResult]:
    """The results in order. Stops at a failure that all further checks would repeat."""
    try:
        settings = _settings_of(context, name)
    except SettingsError as error:
        yield CheckResult("Settings", "failed", str(error), "docs/settings.md lists the keys of cdk.json and of -c.")
        context = {key: value for key, value in context.items() if key != _BASE_MODEL}
        try:
            settings = _settings_of(context, name).model_copy(update={_BASE_MODEL: ""})
        except SettingsError:
            return  # more is wrong than the base model
    if on_local:
        try:
            use_local_cloud()
        except Exception as error:  # the error class of `local` is known only after its import
            if not isinstance(error, local_error_class() or ()):
                raise
            yield CheckResult("Local cloud", "failed", str(error), "docs/local-cloud.md explains its use.")
            return
    use_region()
    environment = account.configured_region()
    if isinstance(environment, CheckResult):
        yield environment
        return
    region = environment or settings.region
    wrong = account.unknown_region(region)
    if wrong:
        yield wrong
        return
    # Without a Region in the environment every further client would fail: the settings' Region is checked instead.
    os.environ["AWS_DEFAULT_REGION"] = region
    yield from _in_region(context, settings, environment, region, name, ask)


def _in_region(
    context: JsonObject,
    settings: DeploymentSettings,
    environment: str | None,
    region: str,
    name: str,
    ask: bool,
) -> Iterator[CheckResult]:
    """The results of the checks that need a Region, in the order of the output."""
    caller = account.credentials()
    yield caller
    if caller.status == "failed":
        return
    deployment = _deployment(name)
    deployed = isinstance(deployment, Deployment)
    yield account.region(environment, settings.region, deployed)
    qualifier = str(context.get(_QUALIFIER, account.DEFAULT_QUALIFIER))
    if isinstance(deployment, Deployment):
        # The deployed settings may differ from those of cdk.json here.
        settings = deployment.settings
    yield from (check.run() for check in _account_checks(qualifier, region, _sharing(settings, context)))
    yield stack.stack(deployment, name, expected=name != DEFAULT_STACK)
    if isinstance(deployment, Deployment):
        yield from (check.run() for check in stack.resources(deployment))
    yield from (check.run() for check in models.checks(settings, region, ask))
    yield from (check.run() for check in scorers.checks(settings, ask))
    yield from (check.run() for check in _quota_checks(settings))


def _sharing(settings: DeploymentSettings, context: JsonObject) -> list[DeploymentSettings]:
    """The deployments that share the account's functions: this one, and the other teams of its cdk.json."""
    found = deployments(context)
    if settings.stack_name not in {each.stack_name for each in found}:
        return [settings]
    return [settings if each.stack_name == settings.stack_name else each for each in found]


def _account_checks(qualifier: str, region: str, sharing: Sequence[DeploymentSettings]) -> Iterator[Check]:
    shared_out = sum(settings.account_concurrency for settings in sharing)
    yield Check("CDK bootstrap", lambda: account.bootstrap(qualifier, region), "Run 'cdk bootstrap'.")
    yield Check(
        "Lambda concurrency",
        lambda: account.concurrency(shared_out, len(sharing)),
        "Look it up in Service Quotas, service AWS Lambda.",
    )


def _quota_checks(settings: DeploymentSettings) -> Iterator[Check]:
    return quotas.checks(settings, _served_on_demand(settings.base_model))


def _served_on_demand(base_model: str) -> bool:
    try:
        return catalog.model(base_model).family.on_demand_deployment
    except TunerError:
        return False


def _deployment(stack: str) -> Deployment | Exception:
    try:
        return find(stack)
    except (TunerError, NoDeploymentError) as error:
        return error


def _table(found: list[CheckResult]) -> Table:
    table = Table.grid(padding=(0, 2, 0, 0))
    table.add_column(width=1)
    table.add_column(no_wrap=True)
    table.add_column(overflow="fold")
    for result in found:
        sign, style = _SIGNS[result.status]
        table.add_row(
            Text(sign, style), Text(result.name, "name"), pasteable(f"{result.message} {result.remedy}".rstrip())
        )
    return table
