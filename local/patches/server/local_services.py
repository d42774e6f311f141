"""Services that this project provides in MiniStack's place: Bedrock, Service Quotas and the price list.

MiniStack's own Bedrock never finishes a job, and it has no Service Quotas and no price list. To add a service that
MiniStack does not know, both of its lookups need an entry. The router finds a service by the prefix of X-Amz-Target.
The authorization finds it by the namespace of its actions.
"""

import ministack.app
from ministack.core import iam_actions, router

from local.bedrock.instance import instance

_TARGET_PREFIXES = {"servicequotas": "ServiceQuotasV20190624", "pricing": "AWSPriceListService"}


def install() -> None:
    """Registers the handlers of the local Bedrock."""
    for service, handler in instance().handlers().items():
        if service not in ministack.app.SERVICE_HANDLERS:
            _register(service)
        ministack.app.SERVICE_HANDLERS[service] = handler


def _register(service: str) -> None:
    router.SERVICE_PATTERNS[service] = {
        "target_prefixes": [_TARGET_PREFIXES[service]],
        "host_patterns": [rf"{service}\."],
        "credential_scope": service,
    }
    iam_actions.SERVICE_TO_IAM_NAMESPACE[service] = service
