"""What a resource that could not be deleted depends on is not deleted either.

MiniStack goes on with everything else. CloudFormation deletes a resource only once nothing depends on it any more, so a
failed deletion keeps all that is behind it: a custom resource that refuses keeps the stack working.
"""

from typing import Any

from ministack.services.cloudformation import _stacks, stacks


def install() -> None:
    """Ask, before a resource of a stack that is being deleted goes, what still needs it."""
    original = stacks._delete_resource

    def delete(rtype: str, physical_id: str, props: Any, stack_name: Any = None, logical_id: Any = None) -> Any:
        needed_by = _needed_by(stack_name, logical_id)
        if needed_by:
            raise RuntimeError(f"Not deleted: {', '.join(needed_by)} could not be deleted and depends on it.")
        return original(rtype, physical_id, props, stack_name, logical_id)

    stacks._delete_resource = delete


def _needed_by(stack_name: Any, logical_id: Any) -> list[str]:
    """The resources that failed to be deleted, are still there, and need this one."""
    stack = _stacks.get(stack_name) or {}
    if stack.get("StackStatus") != "DELETE_IN_PROGRESS":
        return []
    there = stack.get("_resources", {})
    definitions = stack.get("_template", {}).get("Resources", {})
    failed = [
        name for name, entry in there.items() if entry.get("ResourceStatus") == "DELETE_FAILED" and name != logical_id
    ]
    return [name for name in failed if logical_id in stacks._with_dependencies([name], definitions, set(there))]
