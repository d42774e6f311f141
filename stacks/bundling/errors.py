"""Errors of the build before a deployment."""


class BuildError(Exception):
    """A layer or the encoder could not be built. The message says why and what to do."""
