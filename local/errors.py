"""The errors of the local cloud. Every message says what to do."""


class LocalCloudError(Exception):
    """Base class of all errors of the local cloud. The command line shows the message unchanged."""


class CloudNotRunningError(LocalCloudError):
    """The operation needs a running cloud."""


class CloudStartError(LocalCloudError):
    """The server did not start. The message contains the end of its log."""


class DeployError(LocalCloudError):
    """Installing the CDK CLI, bootstrapping or deploying failed. The message contains the output of the tool."""
