"""The errors the local Bedrock answers with: AWS's own names, status codes and, where they are known, words."""

from __future__ import annotations


class BedrockError(Exception):
    """An error of the API: `code` is the exception's name on AWS, `status` the HTTP status it travels with."""

    code = "InternalServerException"
    status = 500


class ValidationError(BedrockError):
    """The request is malformed, or asks for what the model or the resource cannot do."""

    code, status = "ValidationException", 400


class ResourceNotFoundError(BedrockError):
    """No such job, model, throughput, deployment or profile in this account and Region."""

    code, status = "ResourceNotFoundException", 404


class ConflictError(BedrockError):
    """The resource is in a state, or in use, that forbids the operation."""

    code, status = "ConflictException", 400


class ServiceQuotaExceededError(BedrockError):
    """A quota of the account stands in the way; waiting helps only where the quota is about concurrency."""

    code, status = "ServiceQuotaExceededException", 400


class TooManyTagsError(BedrockError):
    """More than 50 tags on one resource."""

    code, status = "TooManyTagsException", 400


class UnknownOperationError(BedrockError):
    """No operation of the service model has this method and path."""

    code, status = "UnknownOperationException", 404


class ModelNotReadyError(BedrockError):
    """The throughput or deployment exists and does not serve yet; the SDKs retry it."""

    code, status = "ModelNotReadyException", 429


class ModelError(BedrockError):
    """The model's process failed while it answered."""

    code, status = "ModelErrorException", 424


class ModelTimeoutError(BedrockError):
    """The model took longer than the time a request may take."""

    code, status = "ModelTimeoutException", 408


class ThrottlingError(BedrockError):
    """Too many requests at once."""

    code, status = "ThrottlingException", 429


class AccessDeniedError(BedrockError):
    """The account has no access to the model."""

    code, status = "AccessDeniedException", 403


class NoSuchResourceError(BedrockError):
    """Service Quotas' name for a service or quota it does not know."""

    code, status = "NoSuchResourceException", 400
