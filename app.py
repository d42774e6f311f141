"""What `cdk deploy` starts from: the deployment's settings, then the stack."""

from aws_cdk import App

from stacks.bedrock_tuner import BedrockTuner
from tuner.settings import deployment_settings


def main() -> None:
    """Synthesizes the deployment that cdk.json's context and `-c` describe."""
    app = App()
    BedrockTuner(app, deployment_settings(app.node.get_all_context()))
    app.synth()


if __name__ == "__main__":
    main()
