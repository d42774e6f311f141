"""Names that are unique in an account, so that a second stack cannot use them, even in another Region.

- Dashboards: in MiniStack they belong to a Region, on AWS to the account ("Using Amazon CloudWatch dashboards":
  "Dashboards in your account have unique names").
- IAM roles: MiniStack's CloudFormation replaces a role of the same name. AWS refuses to create it.

MiniStack itself refuses bucket names that are in use.
"""

from collections.abc import Callable
from typing import Any

from ministack.core.responses import AccountScopedDict
from ministack.services import cloudwatch, iam
from ministack.services.cloudformation import provisioners


def install() -> None:
    """Stores dashboards per account, and refuses resources whose name exists."""
    cloudwatch._dashboards = AccountScopedDict()
    _refuse_existing_name("AWS::CloudWatch::Dashboard", "DashboardName", lambda name: name in cloudwatch._dashboards)
    _refuse_existing_name("AWS::IAM::Role", "RoleName", lambda name: name in iam._roles)


def _refuse_existing_name(kind: str, member: str, exists: Callable[[str], bool]) -> None:
    handlers = provisioners._RESOURCE_HANDLERS[kind]
    create = handlers["create"]

    def create_unless_exists(logical_id: str, properties: dict[str, Any], stack: str) -> Any:
        name = properties.get(member)
        # Without a name in the template, CloudFormation generates a unique one.
        if name and exists(name):
            raise ValueError(f"Resource of type '{kind}' with identifier '{name}' already exists.")
        return create(logical_id, properties, stack)

    handlers["create"] = create_unless_exists
