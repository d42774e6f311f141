"""What the functions are made of: code, its dependencies, and the image of the scoring function."""

from __future__ import annotations

from pathlib import Path

from aws_cdk import Annotations, IgnoreMode
from aws_cdk import aws_ecr_assets as ecr_assets
from aws_cdk import aws_lambda as lambda_
from constructs import Construct

from stacks.layer import LAYER, is_current
from tuner.settings import DeploymentSettings

CHECKOUT = Path(__file__).resolve().parent.parent

# In .dockerignore's language: nothing but the code that runs in a function.
_ONLY_CODE = [
    "**",
    "!tuner",
    "!tuner/**",
    "!lambdas",
    "!lambdas/**",
    "tuner/cli",
    "**/__pycache__",
    "**/*.pyc",
]
_NOT_IN_ZIP = ["lambdas/scoring", "lambdas/requirements.txt"]

NOT_BUILT = (
    "The Lambda dependencies are not built: run `python3 -m stacks.build`, as cdk.json's build step does. "
    "The cloud on this machine needs none: there, give cdk `-c target=local`."
)


def code() -> lambda_.Code:
    """`tuner/` and `lambdas/`."""
    return lambda_.Code.from_asset(str(CHECKOUT), exclude=[*_ONLY_CODE, *_NOT_IN_ZIP], ignore_mode=IgnoreMode.DOCKER)


def scoring_image(settings: DeploymentSettings) -> lambda_.DockerImageCode:
    """The code with torch, bert-score and the deployment's encoder: too large for a zip."""
    return lambda_.DockerImageCode.from_image_asset(
        str(CHECKOUT),
        file="lambdas/scoring/Dockerfile",
        exclude=_ONLY_CODE,
        ignore_mode=IgnoreMode.DOCKER,
        platform=ecr_assets.Platform.LINUX_ARM64,
        build_args={"BERTSCORE_MODEL": settings.bertscore_model, "TORCH_INDEX": settings.torch_index},
    )


def dependencies(scope: Construct) -> lambda_.LayerVersion:
    """The packages of lambdas/requirements.txt for Lambda's platform, as `python3 -m stacks.build` left them.

    Synthesis works without them, so that tests and reviews need no network; a deployment is refused.
    """
    built = is_current()
    if not built:
        Annotations.of(scope).add_error(NOT_BUILT)
    return lambda_.LayerVersion(
        scope,
        "Dependencies",
        description="Packages of lambdas/requirements.txt",
        code=lambda_.Code.from_asset(str(LAYER if built else Path(__file__).parent / "not_built")),
        compatible_runtimes=[lambda_.Runtime.PYTHON_3_13],
        compatible_architectures=[lambda_.Architecture.ARM_64],
    )
