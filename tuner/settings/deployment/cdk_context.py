"""Reads the settings of a deployment from a CDK context.

`cdk -c KEY=VALUE` passes text only, and one level of keys. So text is converted to the type that the setting accepts,
and `group.key` names one value of a group.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from typing import get_origin

from pydantic import BaseModel, ValidationError
from pydantic.fields import FieldInfo

from tuner.core.errors import SettingsError
from tuner.core.strict_model import Json, JsonObject, accepted_types
from tuner.settings.deployment.checks import problems
from tuner.settings.deployment.settings import DeploymentSettings
from tuner.settings.loading import every
from tuner.settings.messages import sentences
from tuner.settings.yaml_documents import DEEPEST, check_values

# Keys of the CDK and its libraries: feature flags (`@aws-cdk/core:...`), options of its command line (`aws:cdk:...`,
# `cdk-migrate`, `cli-telemetry`), results of lookups (`ami:account=...`), and what `cdk acknowledge` writes.
_CDK_KEYS = re.compile(r"@[\w-]+/|aws:|[\w-]+:account=|cdk-migrate$|cli-telemetry$|acknowledged-issue-numbers$")
_WHERE = "cdk.json context"
_TEAMS = "teams"
# Each team is a stack of its own. One `cdk deploy --all` deploys them one after the other.
MOST_TEAMS = 20
# The only defaults that differ between AWS and the local cloud: the times of waits. Nothing is paid for there, so an
# unknown price needs no approval, and no month has a ceiling.
_LOCAL_DEFAULTS: JsonObject = {
    "unknown_prices": "proceed",
    "monthly_usd": None,
    "monthly_usd_per_dataset": None,
    "quiet_seconds": 2,
    "training_polling": {"shortest": 1, "longest": 3},
    "serving_polling": {"shortest": 1, "longest": 2},
}


def deployments(context: JsonObject, account: str | None = None) -> tuple[DeploymentSettings, ...]:
    """The settings of every deployment in a CDK context: one, or one for each team of the key `teams`.

    A team's deployment is called like the team. Its own values replace the common ones, key by key. Raises
    SettingsError.
    """
    common = {key: value for key, value in context.items() if key != _TEAMS}
    settings = deployment_settings(common, account)
    if _TEAMS not in context:
        return (settings,)
    if settings.name != DeploymentSettings.model_fields["name"].default:
        raise SettingsError(f"{_WHERE}: name: each team's deployment is called like the team. Remove name or {_TEAMS}.")
    return tuple(
        deployment_settings({**common, **values, "name": team}, account, f"{_WHERE}: {_TEAMS}.{team}")
        for team, values in _teams(context[_TEAMS]).items()
    )


def _teams(given: Json) -> dict[str, JsonObject]:
    """The values of each team: `{"search": {"budget_usd": 100}}`, or names alone as a list or separated by commas."""
    value = _from_text(given) if isinstance(given, str) else given
    check_values({_TEAMS: value}, _WHERE)
    if isinstance(value, Sequence) and not isinstance(value, str):
        if twice := next((name for name in value if value.count(name) > 1), None):
            raise SettingsError(f"{_WHERE}: {_TEAMS}.{str(twice)[:40]} is given twice. Remove one.")
        value = {str(name): {} for name in value}
    if not isinstance(value, Mapping) or not value:
        raise SettingsError(f"{_WHERE}: {_TEAMS}: name one team or more, as a list or with their settings.")
    if len(value) > MOST_TEAMS:
        raise SettingsError(f"{_WHERE}: {_TEAMS}: {len(value)} teams are given, and at most {MOST_TEAMS} are allowed.")
    found: dict[str, JsonObject] = {}
    for team, values in value.items():
        if not isinstance(values, Mapping) or {"name", "target", _TEAMS} & set(values):
            raise SettingsError(
                f"{_WHERE}: {_TEAMS}.{str(team)[:40]}: give the team's settings as keys and values; {{}} changes none. "
                "A team cannot set name, target or teams."
            )
        found[team] = values
    return found


def deployment_settings(context: JsonObject, account: str | None = None, where: str = _WHERE) -> DeploymentSettings:
    """The settings in a CDK context, checked without calling AWS. `account` is the account to deploy to, if known.

    The CDK's own keys (`@aws-cdk/...`, `aws:cdk:...`) are ignored. Raises SettingsError with every finding.
    """
    local = _LOCAL_DEFAULTS if context.get("target") == "local" else {}
    values = values_of(DeploymentSettings, {**local, **context})
    check_values(values, where)
    found: list[str] = []
    wrong: set[str] = set()
    try:
        settings = DeploymentSettings.model_validate(values)
    except ValidationError as error:
        found = list(sentences(DeploymentSettings, error.errors()))
        wrong = {str(finding["loc"][0]) for finding in error.errors()}
        # Check the other settings too, so that the user sees all findings at once.
        settings = DeploymentSettings.model_validate({key: values[key] for key in values if key not in wrong})
    found += [problem.text for problem in problems(settings, account) if not wrong & set(problem.keys)]
    if found:
        raise SettingsError(every(where, found, len(found)))
    return settings


def values_of(model: type[BaseModel], context: JsonObject) -> JsonObject:
    """The values of the model's keys in the context, converted from text.

    >>> values_of(DeploymentSettings, {"training_polling.shortest": "5", "commitments": "OneMonth,SixMonths"})
    {'commitments': ['OneMonth', 'SixMonths'], 'training_polling': {'shortest': '5', 'longest': 600, 'growth': 0.1}}

    A key with a dot changes one value of a group. The other values stay, whether given or defaults. The result is not
    validated: the caller does that, so that it can report all findings together.
    """
    values: dict[str, Json] = {}
    dotted: dict[str, dict[str, Json]] = {}
    for key, value in context.items():
        group, dot, name = key.partition(".")
        if dot and group in model.model_fields and _holds_keys(model.model_fields[group]):
            dotted.setdefault(group, {})[name] = _group_value(model.model_fields[group], name, value)
        elif not _CDK_KEYS.match(key):
            values[key] = _converted(model.model_fields.get(key), value)
    for group, names in dotted.items():
        values[group] = _given_group(model.model_fields[group], values.get(group)) | names
    return values


def _given_group(field: FieldInfo, given: Json) -> dict[str, Json]:
    """The values of a group, without those of its dotted keys."""
    if isinstance(given, Mapping):
        return dict(given)
    default = field.get_default(call_default_factory=True)
    return default.model_dump() if isinstance(default, BaseModel) else dict(default or {})


def _group_value(field: FieldInfo, name: str, value: Json) -> Json:
    """A dotted key's value."""
    kind = field.annotation
    known = kind.model_fields if isinstance(kind, type) and issubclass(kind, BaseModel) else {}
    return _converted(known.get(name), value)


def _converted(field: FieldInfo | None, value: Json) -> Json:
    """Converts text for a key that does not accept text: from JSON, or for a list also from comma-separated words.

    Values of cdk.json are not text where the key accepts another type, and stay as they are.
    """
    taken = accepted_types(field.annotation) if field else {str}
    # `null` means no value only where that is possible. Elsewhere it is text.
    if value == "null" and type(None) in taken:
        return None
    if not isinstance(value, str) or str in taken:
        return value
    return _from_text(value, as_list=tuple in taken)


def _from_text(value: str, *, as_list: bool = True) -> Json:
    try:
        parsed: Json = json.loads(value)
        return parsed
    except RecursionError:
        raise SettingsError(f"{_WHERE}: a value is nested too deeply: at most {DEEPEST} levels are allowed.") from None
    except ValueError:  # no JSON, or a number of more digits than Python converts
        if as_list and not value.startswith(("[", "{")):
            return [part.strip() for part in value.split(",") if part.strip()]
        return value


def _holds_keys(field: FieldInfo) -> bool:
    kind = field.annotation
    return get_origin(kind) is dict or (isinstance(kind, type) and issubclass(kind, BaseModel))
