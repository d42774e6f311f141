"""AccessDenied messages with the resource. MiniStack's messages name the action only, AWS's name the resource, too."""

from typing import Any

from ministack.core import iam_actions

from local.patches.iam.authorization import Response


def install() -> None:
    """Adds the resource to the denials that MiniStack words itself."""
    original = iam_actions.access_denied_response

    def with_resource(service: str, action: str, principal_arn: str, request_id: str, **details: Any) -> Response:
        plain = not details.get("message") and not details.get("error_code")
        if plain and not details.get("resource_policy_arn"):
            details["message"] = iam_actions.identity_denial_message(
                action, principal_arn, details.get("resource_arn", "*"), details.get("explicit_deny", False)
            )
        response: Response = original(service, action, principal_arn, request_id, **details)
        return response

    iam_actions.access_denied_response = with_resource
