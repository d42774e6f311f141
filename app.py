"""What `cdk deploy` starts from: the deployment's settings, then the stack, checked by cdk-nag."""

import os
import sys

from aws_cdk import App, Validations
from cdk_nag import AwsSolutionsChecks

from stacks.bedrock_tuner import BedrockTuner
from tuner.core.errors import SettingsError
from tuner.settings import deployment_settings


def main() -> None:
    """Synthesizes the deployment that cdk.json's context and `-c` describe; fails on a finding nobody has accepted."""
    app = App()
    try:
        # The CDK's command line says whose credentials it found.
        settings = deployment_settings(app.node.get_all_context(), os.environ.get("CDK_DEFAULT_ACCOUNT"))
    except SettingsError as error:
        sys.exit(f"{error}\ndocs/settings.md lists the keys.")
    BedrockTuner(app, settings)
    Validations.of(app).add_plugins(AwsSolutionsChecks(app))
    app.synth()


if __name__ == "__main__":
    main()
