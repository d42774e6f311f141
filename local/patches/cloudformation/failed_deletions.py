"""Keeps the dependencies of a resource whose deletion failed.

MiniStack deletes everything else. CloudFormation deletes a resource only when nothing depends on it any more. So after
a failed deletion it does not try to delete that resource's dependencies, and a custom resource that refuses its
deletion leaves a working stack.
"""

from typing import Any

from ministack.services.cloudformation import _stacks, stacks


class _KeptError(Exception):
    """The deletion of a resource was not tried, because a resource that could not be deleted depends on it."""


def install() -> None:
    """Checks, before a resource of a deleted stack is deleted, whether a failed resource depends on it."""
    delete, add_event = stacks._delete_resource, stacks._add_event

    def delete_unless_needed(
        rtype: str, physical_id: str, props: Any, stack_name: Any = None, logical_id: Any = None
    ) -> Any:
        for needed_by in _needed_by(stack_name, logical_id):
            # MiniStack records the error as a failed deletion, which keeps the resource.
            raise _KeptError(f"{_KEPT}{needed_by} could not be deleted and depends on it.")
        return delete(rtype, physical_id, props, stack_name, logical_id)

    def add_event_unless_not_tried(*arguments: Any, **named: Any) -> Any:
        if not any(isinstance(argument, str) and argument.startswith(_KEPT) for argument in arguments):
            return add_event(*arguments, **named)
        return None

    stacks._delete_resource = delete_unless_needed
    stacks._add_event = add_event_unless_not_tried


_KEPT = "Not tried: "


def _needed_by(stack_name: Any, logical_id: Any) -> list[str]:
    """The resources whose deletion failed and that depend on this one."""
    stack = _stacks.get(stack_name) or {}
    if stack.get("StackStatus") != "DELETE_IN_PROGRESS":
        return []
    existing = stack.get("_resources", {})
    definitions = stack.get("_template", {}).get("Resources", {})
    failed = [
        name
        for name, entry in existing.items()
        if entry.get("ResourceStatus") == "DELETE_FAILED" and name != logical_id
    ]
    return [name for name in failed if logical_id in stacks._with_dependencies([name], definitions, set(existing))]
