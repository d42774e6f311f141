"""The account and Region of the current request, and the ARNs in them."""

from __future__ import annotations

import secrets
from dataclasses import dataclass

from ministack.core import responses


@dataclass(frozen=True, slots=True)
class AccountRegion:
    """An account in a Region: the owner of every resource."""

    account: str
    region: str

    def arn(self, resource: str) -> str:
        """`arn:aws:bedrock:REGION:ACCOUNT:resource`."""
        return f"arn:aws:bedrock:{self.region}:{self.account}:{resource}"

    def foundation_model_arn(self, model_id: str) -> str:
        """The ARN of a foundation model. It has no account id, because AWS owns the model."""
        return f"arn:aws:bedrock:{self.region}::foundation-model/{model_id}"


def current_account_region() -> AccountRegion:
    """The account and Region that MiniStack read from the signature of the current request."""
    return AccountRegion(responses.get_account_id(), responses.get_region())


def new_id() -> str:
    """Twelve random characters, the form of Bedrock's own resource ids."""
    return secrets.token_hex(6)
