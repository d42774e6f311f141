"""What `cdk deploy` starts from: the deployment's settings, then the stack, checked by cdk-nag."""

from aws_cdk import App, Validations
from cdk_nag import AwsSolutionsChecks

from stacks.bedrock_tuner import BedrockTuner
from tuner.settings import deployment_settings


def main() -> None:
    """Synthesizes the deployment that cdk.json's context and `-c` describe; fails on a finding nobody has accepted."""
    app = App()
    BedrockTuner(app, deployment_settings(app.node.get_all_context()))
    Validations.of(app).add_plugins(AwsSolutionsChecks(app))
    app.synth()


if __name__ == "__main__":
    main()
