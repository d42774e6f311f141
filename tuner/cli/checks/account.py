"""Checks the account: credentials, Region, CDK bootstrap and Lambda's concurrency limit."""

from __future__ import annotations

from functools import cache

import boto3
from botocore.exceptions import ClientError, NoCredentialsError

from tuner import catalog
from tuner.aws.error_mapping import LOG_IN, code_of, mapped_errors
from tuner.cli.checks.check import NO_ANSWER, CheckResult, quick_client
from tuner.cli.deployment import local_endpoint
from tuner.core.errors import RetryableError, TunerError
from tuner.core.text_sanitizer import as_sentence
from tuner.core.wording import VERY_SIMILAR, nearest_name

DEFAULT_QUALIFIER = "hnb659fds"
# The CDK's default synthesizer requires this bootstrap version (rule CheckBootstrapVersion of the template).
MIN_BOOTSTRAP_VERSION = 6
# The minimum of account_concurrency.
MIN_CONCURRENCY = 10
_EXPIRES_SOON_SECONDS = 3600

LOG_IN_OR_ENABLE = f"{LOG_IN} An opt-in Region must also be enabled in the account's settings."
_CONFIGURATION = "Correct it in ~/.aws/config, or select another profile with AWS_PROFILE."


def configured_region() -> str | CheckResult | None:
    """The Region of the environment or the profile; a failed result when the SDK cannot read its configuration."""
    try:
        with mapped_errors("read the AWS configuration"):
            found: str | None = boto3.Session().region_name
            return found
    except TunerError as error:
        return CheckResult("Credentials", "failed", as_sentence(str(error)), _CONFIGURATION)


def credentials() -> CheckResult:
    """Whether the credentials work. The other checks depend on this one, so a denied call is a failure."""
    name = "Credentials"
    try:
        with mapped_errors("ask who is calling"):
            caller = quick_client("sts").get_caller_identity()
    except TunerError as error:
        local_remedy = "Is the local cloud running? See 'tuner local status'; start it with 'tuner local up'."
        if isinstance(error.__cause__, NoCredentialsError):
            message, aws_remedy = "There are no AWS credentials.", LOG_IN
        else:
            message = as_sentence(str(error))
            aws_remedy = NO_ANSWER if isinstance(error, RetryableError) else LOG_IN_OR_ENABLE
        return CheckResult(name, "failed", message, local_remedy if local_endpoint() else aws_remedy)
    where = f"the local cloud at {local_endpoint()}" if local_endpoint() else f"account {caller['Account']}"
    message = f"{caller['Arn']} in {where}."
    if _expire_soon():
        return CheckResult(
            name, "warning", f"{message} They expire within the hour.", "Log in again before you deploy."
        )
    return CheckResult(name, "ok", message)


def _expire_soon() -> bool:
    """Whether credentials from the environment, which nothing renews, expire within the hour."""
    found = boto3.Session().get_credentials()
    # botocore knows their expiry only when AWS_CREDENTIAL_EXPIRATION is set too.
    from_environment = getattr(found, "method", "") == "env"
    return from_environment and hasattr(found, "refresh_needed") and bool(found.refresh_needed(_EXPIRES_SOON_SECONDS))


@cache
def _regions_of_bedrock() -> list[str]:
    """The names that the SDK knows. They are in a file of a megabyte."""
    return list(boto3.Session().get_available_regions("bedrock"))


def unknown_region(region: str) -> CheckResult | None:
    """A failed result for a name that is no Region of Bedrock.

    This is checked without a call: a call would wait for a host name that does not exist.
    """
    known = _regions_of_bedrock()
    if region in known or local_endpoint():
        return None
    offered = {name for model in catalog.models() for name in model.regions if not model.retired}
    # A Region where models can be customized is the better guess: us-est-1 is near to several Regions.
    close = nearest_name(region, offered, VERY_SIMILAR) or nearest_name(region, known)
    hint = f"Did you mean '{close}'?" if close else f"For instance: {', '.join(known[:3])}."
    return CheckResult(
        "Region", "failed", f"'{region}' is no Region of Amazon Bedrock.", f"{hint} Set AWS_REGION to it."
    )


def region(environment: str | None, settings: str, deployed: bool) -> CheckResult:
    """Whether `tuner` uses the Region that the settings deploy to."""
    if environment is None:
        return CheckResult(
            "Region",
            "warning",
            f"No Region is set. Checking {settings}, the Region of the settings.",
            f"Run 'export AWS_REGION={settings}': the other commands need it.",
        )
    if deployed or environment == settings:
        return CheckResult("Region", "ok", f"{environment}.")
    return CheckResult(
        "Region",
        "failed",
        f"'tuner' uses {environment}, but 'cdk deploy' deploys to {settings} (setting 'region').",
        f"Run 'export AWS_REGION={settings}', or deploy with '-c region={environment}'.",
    )


def bootstrap(qualifier: str, region: str) -> str | CheckResult:
    """The version of the CDK's bootstrap stack."""
    name = f"/cdk-bootstrap/{qualifier}/version"
    remedy = f"Run 'cdk bootstrap', once per account and Region (here {region})."
    with mapped_errors(f"read the parameter {name}"):
        try:
            version = int(quick_client("ssm").get_parameter(Name=name)["Parameter"]["Value"])
        except ClientError as error:
            if code_of(error) == "ParameterNotFound":
                return CheckResult("CDK bootstrap", "failed", f"{region} is not bootstrapped for the CDK.", remedy)
            raise
    if version < MIN_BOOTSTRAP_VERSION:
        return CheckResult(
            "CDK bootstrap", "failed", f"Version {version}: at least {MIN_BOOTSTRAP_VERSION} is needed.", remedy
        )
    return f"Version {version}."


def concurrency(shared_out: int, deployments: int = 1) -> str | CheckResult:
    """Whether as many functions may run at once as `account_concurrency` says, of all deployments.

    New accounts have 10. Runs use what the settings share out to them, so in an account with less a release waits.
    """
    name = "Lambda concurrency"
    with mapped_errors("read Lambda's account settings"):
        limit = quick_client("lambda").get_account_settings()["AccountLimit"]
    free = int(limit["UnreservedConcurrentExecutions"])
    message = f"{free} functions may run at once ({int(limit['ConcurrentExecutions'])} with reserved ones)."
    raise_it = "In Service Quotas, service AWS Lambda, ask AWS to raise 'Concurrent executions' (L-B99A9384)."
    of = f"the {deployments} deployments of cdk.json together" if deployments > 1 else "account_concurrency"
    if shared_out <= free:
        return f"{message} The settings share out {shared_out} ({of})."
    late = f"The settings share out {shared_out} ({of}): runs would take the functions that releases need."
    if deployments == 1 and shared_out == MIN_CONCURRENCY:
        return CheckResult(name, "warning", f"{message} {late}", raise_it)
    lower = f"Set account_concurrency to {max(free, MIN_CONCURRENCY)}"
    if deployments > 1:
        lower = "Set account_concurrency of each so that their sum is at most the account's"
    return CheckResult(name, "failed", f"{message} {late}", f"{lower} in cdk.json, and deploy again. Or: {raise_it}")
