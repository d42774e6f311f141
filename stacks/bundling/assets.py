"""Assets of the Lambda functions: the code, the layers with its dependencies, and the encoder for BERTScore."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from aws_cdk import Annotations, AssetHashType, IgnoreMode, Stack
from aws_cdk import aws_lambda as lambda_
from aws_cdk import aws_s3_assets as s3_assets
from constructs import Construct

from stacks.bundling import encoders
from stacks.bundling.layer import CHECKOUT, DEPENDENCIES, Layer
from tuner.settings import DeploymentSettings

# Patterns of .dockerignore: only the code that runs in a function.
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
_PLACEHOLDER = Path(__file__).parent / "not_built"

NOT_BUILT = (
    "The Lambda layers are not built. Run `python3 -m stacks.build`, as cdk.json's build step does. "
    "The local cloud needs no layers: deploy to it with `-c target=local`."
)
NO_ENCODER = (
    "BERTScore's encoder {model} is not built. Run `python3 -m stacks.build {values}`. The CDK's build step builds "
    "only the encoder that cdk.json names, because it does not receive values given with -c."
)
TOO_LARGE = (
    "BERTScore's encoder {model} is larger than the {most} MiB that fit into the memory of a scoring function. Set "
    "bertscore_model to a smaller one (docs/evaluation.md)."
)


@dataclass(frozen=True)
class EncoderObject:
    """The encoder in S3, as the scoring function finds it. `digest` is the SHA-256 of its manifest."""

    bucket: str
    key: str
    arn: str
    digest: str
    needs: encoders.Needs


def code() -> lambda_.Code:
    """The code of all functions: `tuner/` without the command line, and `lambdas/`."""
    return lambda_.Code.from_asset(str(CHECKOUT), exclude=_ONLY_CODE, ignore_mode=IgnoreMode.DOCKER)


def encoder(scope: Construct, settings: DeploymentSettings) -> EncoderObject:
    """The deployment's encoder. Without a built one, synthesis works and `cdk deploy` fails with an error."""
    asked = encoders.wanted(settings)
    built = encoders.built(asked)
    if not built:
        Annotations.of(scope).add_error(NO_ENCODER.format(model=asked.name, values=_values(settings)))
    archive = asked.archive if built else _PLACEHOLDER
    if encoders.is_too_large(archive):
        most = encoders.LARGEST_ENCODER // 2**20
        Annotations.of(scope).add_error(TOO_LARGE.format(model=asked.name, most=most))
    digest = encoders.manifest_digest(asked) if built else ""
    # The manifest has the digests of all files, so its own digest replaces hashing the large archive at each synthesis.
    hashed = {"asset_hash": digest, "asset_hash_type": AssetHashType.CUSTOM} if built else {}
    asset = s3_assets.Asset(scope, "Encoder", path=str(archive), **hashed)  # type: ignore[arg-type]
    arn = f"arn:{Stack.of(scope).partition}:s3:::{asset.s3_bucket_name}/{asset.s3_object_key}"
    return EncoderObject(asset.s3_bucket_name, asset.s3_object_key, arn, digest, encoders.needs(archive))


def _values(settings: DeploymentSettings) -> str:
    keys = ("bertscore_model", "bertscore_revision", "bertscore_layer")
    return " ".join(f"{key}={value}" for key in keys if (value := getattr(settings, key)) is not None)


def layer(scope: Construct, built: Layer = DEPENDENCIES) -> lambda_.LayerVersion:
    """A layer with the packages that `python3 -m stacks.build` installed from a requirements file.

    Without them, synthesis works, so that tests and reviews need no network, and `cdk deploy` fails with an error.
    """
    current = built.is_current()
    if not current:
        Annotations.of(scope).add_error(NOT_BUILT)
    return lambda_.LayerVersion(
        scope,
        built.name,
        description=f"Packages of requirements/locked/{built.requirements.name}",
        code=lambda_.Code.from_asset(str(built.folder if current else _PLACEHOLDER)),
        compatible_runtimes=[lambda_.Runtime.PYTHON_3_13],
        compatible_architectures=[lambda_.Architecture.ARM_64],
    )
