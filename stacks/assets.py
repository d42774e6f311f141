"""What the functions are made of: code, its dependencies, and the encoder that the scoring function reads."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from aws_cdk import Annotations, AssetHashType, IgnoreMode, Stack
from aws_cdk import aws_lambda as lambda_
from aws_cdk import aws_s3_assets as s3_assets
from constructs import Construct

from stacks import encoders
from stacks.layer import CHECKOUT, DEPENDENCIES, Layer
from tuner.settings import DeploymentSettings

# In .dockerignore's language: nothing but the code that runs in a function.
_ONLY_CODE = [
    "**",
    "!tuner",
    "!tuner/**",
    "!lambdas",
    "!lambdas/**",
    "tuner/cli",
    "lambdas/*.txt",
    "**/__pycache__",
    "**/*.pyc",
]
_NOTHING = Path(__file__).parent / "not_built"

NOT_BUILT = (
    "The Lambda dependencies are not built: run `python3 -m stacks.build`, as cdk.json's build step does. "
    "The cloud on this machine needs none: there, give cdk `-c target=local`."
)
NO_ENCODER = (
    "BERTScore's encoder {model} is not built: run `python3 -m stacks.build {values}`. The CDK's build step builds the "
    "one that cdk.json names, and does not know values given with -c."
)
TOO_LARGE = (
    "BERTScore's encoder {model} is larger than the {most} MiB that fit into the memory of a scoring function: name a "
    "smaller one as bertscore_model (docs/evaluation.md)."
)


@dataclass(frozen=True)
class EncoderObject:
    """The encoder in S3, as the scoring function is told of it; `digest` is its manifest's SHA-256."""

    bucket: str
    key: str
    arn: str
    digest: str
    needs: encoders.Needs


def code() -> lambda_.Code:
    """`tuner/` and `lambdas/`."""
    return lambda_.Code.from_asset(str(CHECKOUT), exclude=_ONLY_CODE, ignore_mode=IgnoreMode.DOCKER)


def encoder(scope: Construct, settings: DeploymentSettings) -> EncoderObject:
    """The deployment's encoder. Synthesis works when it is not built; a deployment is refused."""
    asked = encoders.wanted(settings)
    built = encoders.built(asked)
    if not built:
        Annotations.of(scope).add_error(NO_ENCODER.format(model=asked.name, values=_values(settings)))
    archive = asked.archive if built else _NOTHING
    if encoders.is_too_large(archive):
        most = encoders.LARGEST_ENCODER // 2**20
        Annotations.of(scope).add_error(TOO_LARGE.format(model=asked.name, most=most))
    digest = encoders.manifest_digest(asked) if built else ""
    # The manifest's digest says what the archive holds: it need not be read again to be compared.
    hashed = {"asset_hash": digest, "asset_hash_type": AssetHashType.CUSTOM} if built else {}
    asset = s3_assets.Asset(scope, "Encoder", path=str(archive), **hashed)  # type: ignore[arg-type]
    arn = f"arn:{Stack.of(scope).partition}:s3:::{asset.s3_bucket_name}/{asset.s3_object_key}"
    return EncoderObject(asset.s3_bucket_name, asset.s3_object_key, arn, digest, encoders.needs(archive))


def _values(settings: DeploymentSettings) -> str:
    keys = ("bertscore_model", "bertscore_revision", "bertscore_layer")
    return " ".join(f"{key}={value}" for key in keys if (value := getattr(settings, key)) is not None)


def layer(scope: Construct, built: Layer = DEPENDENCIES) -> lambda_.LayerVersion:
    """The packages of a requirements file for Lambda's platform, as `python3 -m stacks.build` left them.

    Synthesis works without them, so that tests and reviews need no network; a deployment is refused.
    """
    current = built.is_current()
    if not current:
        Annotations.of(scope).add_error(NOT_BUILT)
    return lambda_.LayerVersion(
        scope,
        built.name,
        description=f"Packages of lambdas/{built.requirements.name}",
        code=lambda_.Code.from_asset(str(built.folder if current else _NOTHING)),
        compatible_runtimes=[lambda_.Runtime.PYTHON_3_13],
        compatible_architectures=[lambda_.Architecture.ARM_64],
    )
