"""Patches that make MiniStack 1.5.33 behave like AWS.

MiniStack itself stays unmodified: a patch replaces a function or a handler of MiniStack before the server starts. Each
module documents what MiniStack does, what AWS does, and how the patch closes the gap. When MiniStack closes a gap
itself, delete the module. docs/local-cloud.md lists all patches.

MiniStack has no type annotations, and keeps its records as dicts. So the patches use `Any` for them.
"""

import importlib
import os

from local.patches.cloudformation import failed_deletions, state_machine_versions, template_properties, unique_names
from local.patches.events import asynchronous_events, event_patterns, queue_deliveries, schedule_polling
from local.patches.iam import (
    absent_objects,
    bedrock_permissions,
    delivery_permissions,
    denial_messages,
    event_conditions,
    kms_permissions,
    pass_role,
    resource_arns,
    root_signatures,
    table_keys,
    task_permissions,
)
from local.patches.lambda_functions import (
    account_limits,
    exception_names,
    forked_functions,
    function_states,
    warm_functions,
)
from local.patches.server import idle_connections, local_services
from local.patches.step_functions import retry_delays, runs_in_progress, stopped_executions, task_tokens

# Names of further modules with an `install` function, such as the fault injection of tests/chaos.
EXTRA_PATCHES_VARIABLE = "LOCAL_CLOUD_OVERLAYS"


def install() -> None:
    """Applies every patch, then the modules that LOCAL_CLOUD_OVERLAYS names.

    The order matters: a patch wraps the function that the patch before it installed.
    """
    # First of all, because the permission checks wrap the handlers of these services.
    local_services.install()
    # Who calls, on which resource, and how a denial is worded.
    root_signatures.install()
    resource_arns.install()
    denial_messages.install()
    # Permissions that MiniStack does not check.
    bedrock_permissions.install()
    pass_role.install()
    kms_permissions.install()
    absent_objects.install()
    event_conditions.install()
    table_keys.install()
    task_permissions.install()
    delivery_permissions.install()
    # Limits and states that MiniStack does not have.
    event_patterns.install()
    account_limits.install()
    unique_names.install()
    function_states.install()
    # Behavior.
    template_properties.install()
    state_machine_versions.install()
    exception_names.install()
    warm_functions.install()
    schedule_polling.install()
    # After function_states: a function that is not ready must refuse the call inside of the retry loop.
    asynchronous_events.install()
    queue_deliveries.install()
    stopped_executions.install()
    failed_deletions.install()
    task_tokens.install()
    retry_delays.install()
    # Not differences from AWS: fast starts, and what `up` says of the runs that ended with a cloud.
    forked_functions.install()
    runs_in_progress.install()
    idle_connections.install()
    for module in os.environ.get(EXTRA_PATCHES_VARIABLE, "").split():
        importlib.import_module(module).install()
