"""The account and Region of the request being answered, and the ARNs in them."""

from __future__ import annotations

import secrets
from dataclasses import dataclass

from ministack.core import responses


@dataclass(frozen=True, slots=True)
class Scope:
    """An account in a Region: what every resource belongs to."""

    account: str
    region: str

    def arn(self, resource: str) -> str:
        """`arn:aws:bedrock:REGION:ACCOUNT:resource`."""
        return f"arn:aws:bedrock:{self.region}:{self.account}:{resource}"

    def foundation_model_arn(self, model_id: str) -> str:
        """Foundation models belong to no account."""
        return f"arn:aws:bedrock:{self.region}::foundation-model/{model_id}"


def current_scope() -> Scope:
    """Taken from the request's signature by MiniStack."""
    return Scope(responses.get_account_id(), responses.get_region())


def new_id() -> str:
    """Twelve characters, as Bedrock's own identifiers."""
    return secrets.token_hex(6)
