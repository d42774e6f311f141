"""The CDK app: reads the deployment's settings, builds the stack and checks it with cdk-nag."""

import os
import sys

from aws_cdk import App, Validations
from cdk_nag import AwsSolutionsChecks

from stacks.bedrock_tuner import BedrockTuner
from tuner.core.errors import SettingsError
from tuner.settings import deployment_settings


def main() -> None:
    """Synthesizes the deployment of cdk.json's context and `-c`. Fails on findings of cdk-nag that are not accepted."""
    app = App()
    try:
        # The CDK sets CDK_DEFAULT_ACCOUNT if it finds credentials.
        settings = deployment_settings(app.node.get_all_context(), os.environ.get("CDK_DEFAULT_ACCOUNT"))
    except SettingsError as error:
        sys.exit(f"{error}\nSee docs/settings.md for all keys.")
    BedrockTuner(app, settings)
    Validations.of(app).add_plugins(AwsSolutionsChecks(app))
    app.synth()


if __name__ == "__main__":
    main()
