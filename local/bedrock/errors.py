"""The errors of the local Bedrock, with AWS's names and status codes. Messages are AWS's where they are known."""

from __future__ import annotations


class BedrockError(Exception):
    """An error of the API. `code` is the name of the exception on AWS, `status` its HTTP status."""

    code = "InternalServerException"
    status = 500


class ValidationError(BedrockError):
    """The request is malformed, or the model or resource does not support it."""

    code, status = "ValidationException", 400


class ResourceNotFoundError(BedrockError):
    """There is no such job, model, throughput, deployment or profile in this account and Region."""

    code, status = "ResourceNotFoundException", 404


class ConflictError(BedrockError):
    """The operation is not possible in the state of the resource, or while it is in use."""

    code, status = "ConflictException", 400


class ServiceQuotaExceededError(BedrockError):
    """A quota of the account is used up. Waiting helps only if the quota limits concurrency."""

    code, status = "ServiceQuotaExceededException", 400


class TooManyTagsError(BedrockError):
    """More than 50 tags on one resource."""

    code, status = "TooManyTagsException", 400


class UnknownOperationError(BedrockError):
    """The service has no such operation, or the local Bedrock does not implement it."""

    code, status = "UnknownOperationException", 404


class ModelNotReadyError(BedrockError):
    """The throughput or deployment is still being created. The SDKs retry this error."""

    code, status = "ModelNotReadyException", 429


class ModelError(BedrockError):
    """The process of the model failed during the request."""

    code, status = "ModelErrorException", 424


class ThrottlingError(BedrockError):
    """There are too many requests, or the machine is too slow for them."""

    code, status = "ThrottlingException", 429


class AccessDeniedError(BedrockError):
    """The account has no access to the model."""

    code, status = "AccessDeniedException", 403


class NoSuchResourceError(BedrockError):
    """Service Quotas does not know the service or the quota."""

    code, status = "NoSuchResourceException", 400
