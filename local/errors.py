"""What can go wrong with the local cloud; every message says what to do."""


class LocalCloudError(Exception):
    """Base of every error of the local cloud. Its text is meant for the user, as it is."""


class CloudNotRunningError(LocalCloudError):
    """Something was asked of a cloud that is not up."""


class CloudStartError(LocalCloudError):
    """The server did not start; the message carries the end of its log."""


class DeployError(LocalCloudError):
    """Installing the CDK CLI, bootstrapping or deploying failed; the message carries the tool's own error."""
