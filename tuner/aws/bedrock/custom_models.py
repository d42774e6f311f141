"""Lists and deletes custom models, whose storage is charged by the month."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Mapping
from typing import Any

from botocore.exceptions import ClientError

from tuner.aws.bedrock.control_plane import tags_of
from tuner.aws.bedrock.resources import CustomModel
from tuner.aws.clients import client
from tuner.aws.error_mapping import code_of, mapped_errors


class CustomModels:
    """Calls: bedrock:ListCustomModels, ListTagsForResource, DeleteCustomModel."""

    def __init__(self, api: Any = None) -> None:
        self._api = api or client("bedrock")

    def made_before(self, name: str, before: dt.datetime) -> Iterator[CustomModel]:
        """The account's own models that are older than `before` and whose name contains `name`."""
        with mapped_errors("list the custom models"):
            # Without `isOwned`, Bedrock also lists models that other accounts share with this one.
            pages = self._api.get_paginator("list_custom_models").paginate(
                nameContains=name, creationTimeBefore=before, isOwned=True
            )
            for page in pages:
                for found in page.get("modelSummaries", []):
                    yield CustomModel(found["modelArn"], found["modelName"], found["creationTime"])

    def tags(self, arn: str) -> Mapping[str, str]:
        """A model's tags; empty when it is gone."""
        return tags_of(self._api, arn)

    def delete(self, arn: str) -> bool:
        """Deletes a model. False when it is in use. It is no error when it is already gone."""
        with mapped_errors(f"delete {arn}"):
            try:
                self._api.delete_custom_model(modelIdentifier=arn)
            except ClientError as error:
                # An endpoint or a job uses the model.
                if code_of(error) == "ConflictException":
                    return False
                if code_of(error) != "ResourceNotFoundException":
                    raise
        return True
