"""Who may do what, as data: no CDK here, so that the roles and docs/permissions.md come from the same table."""

from stacks.permissions.arns import Places
from stacks.permissions.grant import Grant

__all__ = ["Grant", "Places"]
