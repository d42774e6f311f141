"""Which models may be asked, tuned and looked up, as ARNs."""

from __future__ import annotations

import re

from stacks.permissions.arns import Places
from tuner import catalog

# Geographies an inference profile's id may begin with; what follows is the foundation model's id.
_PROFILE = re.compile(r"^(us|us-gov|eu|apac|jp|au|ca|global)\.(?P<model>.+)$")


def tunable(places: Places) -> list[str]:
    """The models that can be customized in this Region."""
    return [places.foundation_model(name) for entry in _offered(places) for name in (entry.id, entry.invoke_id)]


def askable(places: Places) -> list[str]:
    """The base models of this Region, as they are asked on demand: directly, or through their inference profile."""
    arns: list[str] = []
    for entry in _offered(places):
        if entry.base_endpoint == entry.profile:
            arns += _profile(places, entry.profile, entry.invoke_id, entry.profile_regions)
        else:
            arns.append(places.foundation_model(entry.invoke_id))
    return arns


def judging(places: Places) -> list[str]:
    """The judges that the deployment allows."""
    allowed = (places.deployment.judge_model, *places.deployment.judge_models)
    return list(dict.fromkeys(arn for judge_id in allowed for arn in judge_arns(places, judge_id)))


def judge_arns(places: Places, judge_id: str) -> list[str]:
    """What invoking a judge is checked on.

    A judge that the catalog does not know is read as what its id looks like: an ARN is itself; an id with a geography
    in front is an inference profile, whose model may be asked in any Region, because the Regions it reaches are not
    known here; anything else is a foundation model of this Region. The ARN of one of AWS's inference profiles ends with
    such an id.
    """
    known = catalog.judge(judge_id)
    if known and known.id == known.foundation_model:
        return [places.foundation_model(judge_id)]
    if known:
        # A global profile's model is also checked on an ARN without a Region.
        regions = (*known.regions, "") if known.routing == "global" else known.regions
        return _profile(places, known.id, known.foundation_model, regions)
    if ":inference-profile/" in judge_id:
        return [judge_id, *judge_arns(places, judge_id.rpartition("/")[2])[1:]]
    if judge_id.startswith("arn:"):
        return [judge_id]
    profile = _PROFILE.match(judge_id)
    if not profile:
        return [places.foundation_model(judge_id)]
    regions = ("*", "") if profile.group(1) == "global" else ("*",)
    return _profile(places, judge_id, profile.group("model"), regions)


def _profile(places: Places, profile_id: str, model_id: str, regions: tuple[str, ...]) -> list[str]:
    behind = [places.foundation_model(model_id, region) for region in regions]
    return [places.bedrock(f"inference-profile/{profile_id}"), *behind]


def _offered(places: Places) -> list[catalog.Model]:
    """The catalog's models of this Region, and those past their end of life: only a local cloud still offers them."""
    return [entry for entry in catalog.models() if places.region in entry.regions or entry.retired]
