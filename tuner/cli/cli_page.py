"""Renders docs/cli.md from the commands and their options."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import typer.main

from tuner.cli.app import app
from tuner.cli.permissions import ACTIONS
from tuner.cli.terminal.exit_status import MEANINGS

_OPENING = """# The `tuner` command

*For everybody who uses the command line.*

Results for programs (JSON) go to stdout, everything else to stderr. RUN is a run's id, a unique prefix of one, or
`latest`. `tuner --version` prints the version. `python -m tuner` is the same command.

The command finds the deployment by the outputs of its stack, in the account and Region that the AWS CLI would use.
`--local` or `TUNER_LOCAL=1` selects the local cloud.

| exit status | meaning |
| --- | --- |
"""
_PERMISSIONS = """
## Permissions of the caller

All commands need `cloudformation:DescribeStacks` on the stack. `run` uses its S3 actions on the data bucket, and lists
and reads the artifacts bucket; the other commands use theirs on the artifacts bucket. `kms:` actions are on the stack's
key. To follow its run, or to find one for `--again`, `run` also needs the actions of `watch`.

| command | actions |
| --- | --- |
"""


def cli_page() -> str:
    """The reference, in Markdown."""
    root = typer.main.get_command(app)
    return (
        _OPENING
        + _statuses()
        + "".join(_section(name, command) for name, command in _commands(root, "tuner"))
        + _permissions()
    )


# Any in the functions below: Typer brings a private copy of Click, whose classes have no public names.
def _commands(group: Any, path: str) -> Iterator[tuple[str, Any]]:
    for name, command in group.commands.items():
        if hasattr(command, "commands"):
            yield from _commands(command, f"{path} {name}")
        else:
            yield f"{path} {name}", command


def _section(name: str, command: Any) -> str:
    arguments = [parameter for parameter in command.params if parameter.param_type_name == "argument"]
    options = [parameter for parameter in command.params if parameter.param_type_name == "option"]
    call = " ".join([name, *(argument.metavar for argument in arguments)])
    rows = [f"| `{argument.metavar}` | {argument.help} | {_default(argument)} |\n" for argument in arguments]
    rows += [f"| {_spelling(option)} | {option.help} | {_default(option)} |\n" for option in options]
    table = "\n| argument or option | meaning | default |\n| --- | --- | --- |\n" + "".join(rows) if rows else ""
    return f"\n## `{call}`\n\n{' '.join(command.help.split())}\n{table}"


def _spelling(option: Any) -> str:
    value = "" if option.is_flag else f" {option.metavar}"
    names = [f"`{name}{value}`" for name in (*option.opts, *option.secondary_opts)]
    return ", ".join(names) + (f" (or `{option.envvar}`)" if option.envvar else "")


def _default(option: Any) -> str:
    default = getattr(option.default, "value", option.default)
    if default is None or default is False or default == "":
        return ""
    return f"`{option.opts[0]}`" if default is True else f"`{default}`"


def _statuses() -> str:
    rows = (f"| {status.value} | {meaning} |\n" for status, meaning in MEANINGS.items())
    return "".join(rows) + (
        "\nA CI job can use `tuner run` and `tuner watch`, also with `--wait-for gate`: they end with 0, 3 or 4 by the "
        "gate's decision.\n"
    )


def _permissions() -> str:
    rows = [f"| {name} | {', '.join(f'`{action}`' for action in sorted(ACTIONS[name]))} |\n" for name in ACTIONS]
    return _PERMISSIONS + "".join(rows)
