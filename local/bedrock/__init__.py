"""A Bedrock that lives: jobs that train, models that answer, throughput that takes time and is billed by the second.

handlers()  # what MiniStack calls: {"bedrock": ..., "bedrock-runtime": ..., "servicequotas": ..., "pricing": ...}
resource_tags("arn:aws:bedrock:...:provisioned-model/...")  # for policies with aws:ResourceTag
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from local.bedrock.protocol.endpoint import Handler

__all__ = ["handlers", "resource_tags"]


def handlers() -> dict[str, Handler]:
    """The handlers of the Bedrock of this process, by MiniStack's service names."""
    from local.bedrock.instance import instance

    return instance().handlers()


def resource_tags(arn: str) -> dict[str, str] | None:
    """The tags of a Bedrock resource, or None where there is no such resource."""
    from local.bedrock.instance import instance

    for table in instance().store.tables():
        for record in table.all():
            if record.arn == arn:
                return dict(record.tags)
    return None
