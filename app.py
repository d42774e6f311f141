"""The CDK app: reads the settings, builds the stack of each deployment and checks it with cdk-nag."""

import os
import sys

from aws_cdk import App, Validations
from cdk_nag import AwsSolutionsChecks

from stacks.bedrock_tuner import BedrockTuner
from tuner.core.errors import SettingsError
from tuner.settings import deployments


def main() -> None:
    """Synthesizes the deployments of cdk.json's context and `-c`. Fails on findings of cdk-nag that nobody accepted."""
    app = App()
    try:
        # The CDK sets CDK_DEFAULT_ACCOUNT if it finds credentials.
        found = deployments(app.node.get_all_context(), os.environ.get("CDK_DEFAULT_ACCOUNT"))
    except SettingsError as error:
        sys.exit(f"{error}\nSee docs/settings.md for all keys.")
    for settings in found:
        BedrockTuner(app, settings)
    Validations.of(app).add_plugins(AwsSolutionsChecks(app))
    app.synth()


if __name__ == "__main__":
    main()
