"""The permissions of all roles as data. It does not import the CDK: roles and docs/permissions.md use the same data."""

from stacks.permissions.arns import Arns
from stacks.permissions.grant import Grant

__all__ = ["Arns", "Grant"]
