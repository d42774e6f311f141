"""The account: who is calling, the Region, the CDK's bootstrap, Lambda's concurrency."""

from __future__ import annotations

import difflib

import boto3
from botocore.exceptions import ClientError, NoCredentialsError

from tuner import catalog
from tuner.aws.error_mapping import code_of, translated
from tuner.cli.checks.check import NO_ANSWER, Check, quick, sentence
from tuner.cli.deployment import local_endpoint
from tuner.core.errors import RetryableError, TunerError

DEFAULT_QUALIFIER = "hnb659fds"
# What the CDK's default synthesizer asks of the bootstrap stack (the template's rule CheckBootstrapVersion).
LEAST_BOOTSTRAP = 6
# A Map state of a run calls up to 4 functions at once; the rest is for what starts, releases and sweeps meanwhile.
LEAST_CONCURRENCY = 10
_SOON = 3600

_LOG_IN = (
    "Log in (with the AWS CLI: 'aws sso login'), or export the access keys that your access portal shows, or name "
    "another profile with AWS_PROFILE. If the Region is one that an account must enable first, enable it in the "
    "account's settings."
)
_CONFIGURATION = "Correct it in ~/.aws/config, or name another profile with AWS_PROFILE."


def configured_region() -> str | Check | None:
    """The Region of the environment or of the profile; a line when the SDK cannot read its configuration."""
    try:
        with translated("read the AWS configuration"):
            found: str | None = boto3.Session().region_name
            return found
    except TunerError as error:
        return Check("Credentials", "failed", sentence(str(error)), _CONFIGURATION)


def credentials() -> Check:
    """Who is calling. The one line that others depend on: a refusal is a failure."""
    name = "Credentials"
    try:
        with translated("ask who is calling"):
            caller = quick("sts").get_caller_identity()
    except TunerError as error:
        here = "Is the local cloud up? 'tuner local status' says it, 'tuner local up' starts one."
        none = isinstance(error.__cause__, NoCredentialsError)
        message = "There are no AWS credentials." if none else sentence(str(error))
        away = NO_ANSWER if isinstance(error, RetryableError) else _LOG_IN
        return Check(name, "failed", message, here if local_endpoint() else away)
    where = f"the local cloud at {local_endpoint()}" if local_endpoint() else f"account {caller['Account']}"
    message = f"{caller['Arn']} in {where}."
    if _expire_soon():
        return Check(name, "warning", f"{message} They expire within the hour.", "Log in again before you deploy.")
    return Check(name, "ok", message)


def _expire_soon() -> bool:
    """Whether credentials that nothing renews (AWS_CREDENTIAL_EXPIRATION says until when) end within the hour."""
    found = boto3.Session().get_credentials()
    fixed = getattr(found, "method", "") == "env"
    return fixed and hasattr(found, "refresh_needed") and bool(found.refresh_needed(_SOON))


def unknown_region(region: str) -> Check | None:
    """A name that is no Region of Bedrock: found without a call, which would only wait for a host that is not there."""
    known = boto3.Session().get_available_regions("bedrock")
    if region in known or local_endpoint():
        return None
    offered = {name for model in catalog.models() for name in model.regions if not model.retired}
    close = difflib.get_close_matches(region, offered, n=1, cutoff=0.8) or difflib.get_close_matches(region, known, n=1)
    hint = f"Did you mean {close[0]}?" if close else f"For instance: {', '.join(known[:3])}."
    return Check("Region", "failed", f"'{region}' is no Region of Amazon Bedrock.", f"{hint} Set AWS_REGION to it.")


def region(environment: str | None, settings: str, deployed: bool) -> Check:
    """Whether the Region that `tuner` asks is the one that the settings deploy to."""
    if environment is None:
        return Check(
            "Region",
            "warning",
            f"None is set. Looking at {settings}, where the settings deploy to.",
            f"export AWS_REGION={settings}: the other commands need it.",
        )
    if deployed or environment == settings:
        return Check("Region", "ok", f"{environment}.")
    return Check(
        "Region",
        "failed",
        f"'tuner' looks in {environment}, and 'cdk deploy' goes to {settings} (setting 'region').",
        f"export AWS_REGION={settings}, or deploy with '-c region={environment}'.",
    )


def bootstrap(qualifier: str, region: str) -> str | Check:
    """The version of the CDK's bootstrap stack."""
    name = f"/cdk-bootstrap/{qualifier}/version"
    remedy = f"Run 'cdk bootstrap', once per account and Region (here {region})."
    with translated(f"read the parameter {name}"):
        try:
            version = int(quick("ssm").get_parameter(Name=name)["Parameter"]["Value"])
        except ClientError as error:
            if code_of(error) == "ParameterNotFound":
                return Check("CDK bootstrap", "failed", f"{region} is not bootstrapped for the CDK.", remedy)
            raise
    if version < LEAST_BOOTSTRAP:
        return Check("CDK bootstrap", "failed", f"Version {version}; {LEAST_BOOTSTRAP} is needed.", remedy)
    return f"Version {version}."


def concurrency() -> str | Check:
    """How many functions may run at once. New accounts have 10."""
    with translated("read Lambda's account settings"):
        limit = quick("lambda").get_account_settings()["AccountLimit"]
    free = int(limit["UnreservedConcurrentExecutions"])
    message = f"{free} functions may run at once ({int(limit['ConcurrentExecutions'])} with reserved ones)."
    if free >= LEAST_CONCURRENCY:
        return message
    return Check(
        "Lambda concurrency",
        "warning",
        f"{message} A run calls up to 4 at a time; those that are throttled are tried again, which takes longer.",
        "In Service Quotas, service AWS Lambda, ask AWS to raise 'Concurrent executions' (L-B99A9384).",
    )
