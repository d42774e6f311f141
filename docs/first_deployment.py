"""Generates the tables of docs/first-deployment.md and the policy for CloudFormation from template and catalog."""

from __future__ import annotations

import json
import re
import sys
import tempfile
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Any

from aws_cdk import App

from docs.markdown_table import table
from docs.resources import AT_REST, KINDS, Allowance
from stacks.bedrock_tuner import BedrockTuner
from tuner import catalog
from tuner.core.errors import SettingsError
from tuner.core.wording import did_you_mean
from tuner.settings import DeploymentSettings, load

_WORD = re.compile("REGION|ACCOUNT|STACK|NAME|BUCKETS")
Resources = dict[str, dict[str, Any]]
_CHECKOUT = Path(__file__).parents[1]
_CDK = _CHECKOUT / "cdk.json"
_SWEEP = _CHECKOUT / "lambdas" / "release_throughput.py"


@cache
def synthesized() -> Resources:
    """The template's resources with the default settings."""
    context = json.loads(_CDK.read_text("utf-8"))["context"]
    flags = {name: value for name, value in context.items() if name.startswith("@")}
    with tempfile.TemporaryDirectory() as directory:
        app = App(outdir=directory, context=flags)
        settings = DeploymentSettings()
        name = settings.stack_name
        BedrockTuner(app, settings)
        template: dict[str, Any] = app.synth().get_stack_by_name(name).template
    found: Resources = template["Resources"]
    return found


def _counts(resources: Resources) -> Counter[str]:
    """The number of resources per type, without the CDK's metadata."""
    return Counter(resource["Type"] for resource in resources.values() if resource["Type"] != "AWS::CDK::Metadata")


def _created(resources: Resources) -> str:
    rows = [(f"`{kind}`", str(count), KINDS[kind].purpose) for kind, count in sorted(_counts(resources).items())]
    return table(("resource type", "number", "purpose"), rows)


def allowances() -> Iterator[Allowance]:
    """The permissions that CloudFormation needs for the stack's resource types, each once."""
    seen: list[Allowance] = []
    for kind in sorted(KINDS):
        for allowance in KINDS[kind].needs:
            if allowance not in seen:
                seen.append(allowance)
                yield allowance


def policy(words: Mapping[str, str] | None = None) -> dict[str, Any]:
    """The policy of CloudFormation's role. `words` replace the words in capitals."""
    return {"Version": "2012-10-17", "Statement": [_statement(each, words or {}) for each in allowances()]}


def _statement(allowance: Allowance, words: Mapping[str, str]) -> dict[str, Any]:
    named = [_WORD.sub(lambda word: words.get(word.group(), word.group()), arn) for arn in allowance.resources]
    statement: dict[str, Any] = {"Effect": "Allow", "Action": list(allowance.actions), "Resource": named}
    if allowance.passed_to:
        statement["Condition"] = {"StringEquals": {"iam:PassedToService": list(allowance.passed_to)}}
    return statement


def ready_policy(account: str, region: str, name: str = "tuner") -> dict[str, Any]:
    """The complete policy for one deployment."""
    stack = DeploymentSettings(name=name).stack_name
    return policy({"ACCOUNT": account, "REGION": region, "NAME": name, "STACK": stack, "BUCKETS": stack.lower()})


def _at_rest(resources: Resources) -> str:
    counts = {**_counts(resources), "metrics": len(re.findall(r"metrics\.add_metric\(", _SWEEP.read_text("utf-8")))}
    rows, least, most = [], 0.0, 0.0
    for item in AT_REST:
        count = counts[item.count]
        least += max(0, count - item.free) * item.usd_each
        most += count * item.usd_each
        free = f"the account's first {item.free} are free" if item.free else ""
        said = "; ".join(part for part in (free, item.note) if part)
        each = f"${item.usd_each:.2f}"
        rows.append((item.what, str(count), each, f"${count * item.usd_each:.2f}", said, item.source))
    rows.append(("All", "", "", f"${least:.2f} to ${most:.2f}", "with and without the Free Tier", ""))
    return table(("item", "number", "each, a month", "a month", "", "source"), rows)


def _regions(_: Resources) -> str:
    rows = [
        (f"`{model.id}`", "customized", ", ".join(model.regions), "the Region of the deployment")
        for model in catalog.models()
        if not model.retired
    ]
    rows += [
        (f"`{model.base_endpoint}`", "base model's answers", ", ".join(model.regions), _processed(model))
        for model in catalog.models()
        if not model.retired
    ]
    rows += [(f"`{judge.id}`", "judge", _asked(judge), _judged(judge)) for judge in catalog.judges()]
    return table(("model", "used as", "from", "data may be processed in"), rows)


def _processed(model: catalog.Model) -> str:
    return ", ".join(model.profile_regions) if model.invoke_by_profile else "the Region of the deployment"


def _asked(judge: catalog.Judge) -> str:
    return ", ".join(judge.regions) if judge.routing == "in-region" else "a Region of its inference profile"


def _judged(judge: catalog.Judge) -> str:
    if judge.routing == "in-region":
        return "the Region of the deployment"
    return "any commercial Region" if judge.routing == "global" else ", ".join(judge.regions)


def _caller(_: Resources) -> str:
    """The permissions of the person who deploys: the roles of the bootstrap have all others."""
    names = ("deploy", "file-publishing", "lookup")
    roles = [f"arn:aws:iam::ACCOUNT:role/cdk-hnb659fds-{name}-role-ACCOUNT-REGION" for name in names]
    version = "arn:aws:ssm:REGION:ACCOUNT:parameter/cdk-bootstrap/hnb659fds/version"
    statements = [
        {"Effect": "Allow", "Action": "sts:AssumeRole", "Resource": roles},
        {"Effect": "Allow", "Action": "ssm:GetParameter", "Resource": version},
    ]
    return f"```json\n{json.dumps({'Version': '2012-10-17', 'Statement': statements}, indent=2)}\n```\n"


PARTS: dict[str, Callable[[Resources], str]] = {
    "caller": _caller,
    "created": _created,
    "regions": _regions,
    "at rest": _at_rest,
}


def filled(text: str, resources: Resources) -> str:
    """The page with its generated parts updated, each between `<!-- begin NAME -->` and `<!-- end NAME -->`."""

    def part(found: re.Match[str]) -> str:
        return f"<!-- begin {found['name']} -->\n\n{PARTS[found['name']](resources)}\n<!-- end {found['name']} -->"

    return re.sub(r"<!-- begin (?P<name>[a-z ]+) -->.*?<!-- end (?P=name) -->", part, text, flags=re.DOTALL)


def main(arguments: Sequence[str]) -> None:
    """Prints the policy, or an error about a wrong argument."""
    if len(arguments) not in (2, 3):
        sys.exit("Use: python -m docs.first_deployment ACCOUNT REGION [NAME]")
    account, region, *name = arguments
    regions = sorted({each for model in catalog.models() for each in model.regions if not model.retired})
    if not re.fullmatch("[0-9]{12}", account):
        sys.exit(f"'{account}' is not an account: give your account's number, 12 digits.")
    if region not in regions:
        sys.exit(f"No model can be customized in '{region}'. {did_you_mean(region, regions)}")
    try:
        settings = load(DeploymentSettings, {"name": name[0]} if name else {}, "third word")
    except SettingsError as error:
        sys.exit(str(error))
    print(json.dumps(ready_policy(account, region, settings.name), indent=2))


if __name__ == "__main__":
    main(sys.argv[1:])
