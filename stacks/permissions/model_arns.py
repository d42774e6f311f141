"""The ARNs of models that a deployment can customize, invoke or use as judges."""

from __future__ import annotations

import re

from stacks.permissions.arns import Arns
from tuner import catalog

# Prefixes of the ids of inference profiles. The rest of the id is the foundation model's id.
_PROFILE = re.compile(r"^(us|us-gov|eu|apac|jp|au|ca|global)\.(?P<model>.+)$")


def tunable(arns: Arns) -> list[str]:
    """The models that can be customized in this Region."""
    return [arns.foundation_model(name) for entry in _offered(arns) for name in (entry.id, entry.invoke_id)]


def invokable(arns: Arns) -> list[str]:
    """The base models of this Region, invoked on demand directly or through an inference profile."""
    found: list[str] = []
    for entry in _offered(arns):
        if entry.base_endpoint == entry.profile:
            found += _profile(arns, entry.profile, entry.invoke_id, entry.profile_regions)
        else:
            found.append(arns.foundation_model(entry.invoke_id))
    return found


def askable(arns: Arns) -> list[str]:
    """The models that a run can compare with: the base models, and those of the deployment's settings."""
    others = (arn for model in arns.deployment.compared_models for arn in judge_arns(arns, model))
    return list(dict.fromkeys((*invokable(arns), *others)))


def in_batch(arns: Arns) -> list[str]:
    """The models that a run can ask in batch jobs: those that it compares, and judges."""
    return list(dict.fromkeys((*askable(arns), *judges(arns))))


def judges(arns: Arns) -> list[str]:
    """The judges that the deployment allows."""
    allowed = (arns.deployment.judge_model, *arns.deployment.judge_models)
    return list(dict.fromkeys(arn for judge_id in allowed for arn in judge_arns(arns, judge_id)))


def judge_arns(arns: Arns, judge_id: str) -> list[str]:
    """The resources that IAM checks when a judge, or another model to compare with, is invoked.

    For a model that is not in the catalog, the form of its id decides. An ARN is used as it is. An id with a geographic
    prefix is an inference profile; its Regions are not known here, so its model is allowed in any Region. Any other id
    is a foundation model of this Region. The ARN of a system-defined inference profile ends with such an id.
    """
    known = catalog.judge(judge_id)
    if known and known.id == known.foundation_model:
        return [arns.foundation_model(judge_id)]
    if known:
        # For a global profile, IAM also checks an ARN of the model without a Region.
        regions = (*known.regions, "") if known.routing == "global" else known.regions
        return _profile(arns, known.id, known.foundation_model, regions)
    if ":inference-profile/" in judge_id:
        return [judge_id, *judge_arns(arns, judge_id.rpartition("/")[2])[1:]]
    if judge_id.startswith("arn:"):
        return [judge_id]
    profile = _PROFILE.match(judge_id)
    if not profile:
        return [arns.foundation_model(judge_id)]
    regions = ("*", "") if profile.group(1) == "global" else ("*",)
    return _profile(arns, judge_id, profile.group("model"), regions)


def _profile(arns: Arns, profile_id: str, model_id: str, regions: tuple[str, ...]) -> list[str]:
    behind = [arns.foundation_model(model_id, region) for region in regions]
    return [arns.bedrock(f"inference-profile/{profile_id}"), *behind]


def _offered(arns: Arns) -> list[catalog.Model]:
    """The catalog's models of this Region, and those past their end of life, which only the local cloud offers."""
    return [entry for entry in catalog.models() if arns.region in entry.regions or entry.retired]
