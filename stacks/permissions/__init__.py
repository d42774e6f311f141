"""Who may do what, as data: no CDK here, so that the roles and docs/permissions.md come from the same table."""

from stacks.permissions.grant import Grant
from stacks.permissions.places import Places

__all__ = ["Grant", "Places"]
