"""Arguments and options that several `tuner data` commands share."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated

import typer

from tuner.settings import DeploymentSettings


class RoleName(StrEnum):
    """What a dataset file is used for."""

    TRAINING = "training"
    VALIDATION = "validation"
    EVALUATION = "evaluation"


File = Annotated[str, typer.Argument(metavar="FILE", help="A local file or an s3:// address.", show_default=False)]
DEFAULT_MODEL = DeploymentSettings().base_model
ModelId = Annotated[str, typer.Option("--model", metavar="ID", help="The model to customize.")]
SystemPrompt = Annotated[
    str | None, typer.Option(metavar="TEXT", help="System prompt for every record that has none of its own.")
]
RoleOption = Annotated[RoleName, typer.Option("--role", metavar="ROLE", help="training, validation or evaluation.")]
