"""Names that are unique in an account, whatever the Region: a second stack cannot take them in another Region.

- Dashboards: MiniStack has one set of them per Region, AWS one per account ("Using Amazon CloudWatch dashboards":
  "Dashboards in your account have unique names").
- IAM roles: MiniStack's CloudFormation replaces a role of the same name, AWS refuses to make it.

Bucket names MiniStack refuses itself.
"""

from collections.abc import Callable
from typing import Any

from ministack.core.responses import AccountScopedDict
from ministack.services import cloudwatch, iam
from ministack.services.cloudformation import provisioners


def install() -> None:
    """One set of dashboards per account, and no resource made twice."""
    cloudwatch._dashboards = AccountScopedDict()
    _made_once("AWS::CloudWatch::Dashboard", "DashboardName", lambda name: name in cloudwatch._dashboards)
    _made_once("AWS::IAM::Role", "RoleName", lambda name: name in iam._roles)


def _made_once(kind: str, member: str, exists: Callable[[str], bool]) -> None:
    handlers = provisioners._RESOURCE_HANDLERS[kind]
    create = handlers["create"]

    def create_unless_there(logical_id: str, properties: dict[str, Any], stack: str) -> Any:
        name = properties.get(member)
        if name and exists(name):
            raise ValueError(f"Resource of type '{kind}' with identifier '{name}' already exists.")
        return create(logical_id, properties, stack)

    handlers["create"] = create_unless_there
