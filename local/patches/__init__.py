"""What is corrected in MiniStack 1.5.33, one file each: what it does, what AWS does, and how the difference is closed.

MiniStack stays unmodified; a correction replaces a function or a handler of it before the server starts. When
MiniStack closes a difference itself, the file goes. docs/local-cloud.md lists them all.
"""

import importlib
import os

from local.patches import (
    absent_objects,
    account_limits,
    asynchronous_events,
    bedrock_permissions,
    delivery_permissions,
    denial_messages,
    due_schedules,
    event_conditions,
    event_patterns,
    failed_deletions,
    function_states,
    global_names,
    idle_connections,
    kms_permissions,
    lambda_errors,
    local_services,
    pass_role,
    resource_arns,
    retry_pauses,
    root_signatures,
    stopped_executions,
    task_permissions,
    task_tokens,
    template_properties,
    warm_functions,
)

# Modules with an `install` of their own, such as the one that injects faults (tests/chaos).
FURTHER_VARIABLE = "LOCAL_CLOUD_OVERLAYS"


def install() -> None:
    """Apply every correction. The handlers of our own services come first, because others stand in front of them."""
    local_services.install()
    # who calls, on what, and what a refusal says
    root_signatures.install()
    resource_arns.install()
    denial_messages.install()
    # permissions that MiniStack does not ask for
    bedrock_permissions.install()
    pass_role.install()
    kms_permissions.install()
    absent_objects.install()
    event_conditions.install()
    task_permissions.install()
    delivery_permissions.install()
    # limits and states that MiniStack does not know
    event_patterns.install()
    account_limits.install()
    global_names.install()
    function_states.install()
    # behaviour
    template_properties.install()
    lambda_errors.install()
    warm_functions.install()
    due_schedules.install()
    asynchronous_events.install()
    stopped_executions.install()
    failed_deletions.install()
    task_tokens.install()
    retry_pauses.install()
    idle_connections.install()
    for module in os.environ.get(FURTHER_VARIABLE, "").split():
        importlib.import_module(module).install()
