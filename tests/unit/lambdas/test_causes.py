"""The message of a step's error becomes the cause of the execution, which people see in the console and in mails."""

from types import SimpleNamespace
from typing import Any, cast

import pytest

from lambdas.step import Environment, RunEvent, step
from tests.doubles import RUN
from tests.unit.lambdas.steps import invoke
from tuner.core.errors import SettingsError


@pytest.mark.usefixtures("environment")
def test_foreign_text_in_a_cause_has_no_link_mention_or_mark() -> None:
    @step(RunEvent)
    def handler(event: RunEvent, env: Environment) -> None:
        raise SettingsError("run.yaml: unknown key 'see https://evil.com @all \u202e'")

    with pytest.raises(SettingsError) as raised:
        invoke(cast("Any", SimpleNamespace(handler=handler)), run_id=RUN)
    assert str(raised.value) == "run.yaml: unknown key 'see https[:]//evil[.]com [@]all \ufffd'"
