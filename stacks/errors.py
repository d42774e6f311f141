"""What can go wrong before a deployment."""


class BuildError(Exception):
    """Something that the deployment needs could not be built: the message says why and what to do."""
