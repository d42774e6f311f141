"""MiniStack's AccessDenied names the action only; AWS's names the resource too, which is what says what to grant."""

from typing import Any

from ministack.core import iam_actions

from local.patches.iam.authorization import Response


def install() -> None:
    """Give every denial that MiniStack words itself the resource."""
    original = iam_actions.access_denied_response

    def named(service: str, action: str, principal_arn: str, request_id: str, **details: Any) -> Response:
        plain = not details.get("message") and not details.get("error_code")
        if plain and not details.get("resource_policy_arn"):
            details["message"] = iam_actions.identity_denial_message(
                action, principal_arn, details.get("resource_arn", "*"), details.get("explicit_deny", False)
            )
        response: Response = original(service, action, principal_arn, request_id, **details)
        return response

    iam_actions.access_denied_response = named
