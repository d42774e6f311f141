"""What is corrected in MiniStack 1.5.33, one file each: what it does, what AWS does, and how the difference is closed.

MiniStack stays unmodified; a correction replaces a function or a handler of it before the server starts. When
MiniStack closes a difference itself, the file goes. docs/local-cloud.md lists them all.
"""

from local.overlays import (
    bedrock_permissions,
    delivery_permissions,
    denial_messages,
    kms_permissions,
    lambda_errors,
    local_services,
    pass_role,
    root_signatures,
    schedules,
    task_permissions,
    template_properties,
)


def install() -> None:
    """Apply every correction. The handlers of our own services come first, because others stand in front of them."""
    local_services.install()
    root_signatures.install()
    denial_messages.install()
    template_properties.install()
    lambda_errors.install()
    schedules.install()
    bedrock_permissions.install()
    pass_role.install()
    kms_permissions.install()
    task_permissions.install()
    delivery_permissions.install()
