"""Settings of the local Bedrock: LOCAL_BEDROCK_* at start, PUT /_local/bedrock/settings while it runs."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Literal

from pydantic import Field, SecretStr
from pydantic_settings import BaseSettings, SettingsConfigDict

from local.trainer.spec import NETWORKS

Lifecycle = Literal["ACTIVE", "LEGACY", "END_OF_LIFE"]


class Settings(BaseSettings):
    """The defaults suit a demonstration. docs/local-bedrock.md lists all settings."""

    model_config = SettingsConfigDict(
        env_prefix="LOCAL_BEDROCK_", extra="forbid", frozen=True, validate_by_name=True, validate_by_alias=True
    )

    engine: Literal["smollm2", "tiny", "instant"] = Field(
        "smollm2", description="the engine for training and inference"
    )
    networks: Path = Field(NETWORKS, description="cache of the base networks")
    seed: int = Field(20260910, description="seed of LoRA's initial weights, shuffling, dropout and sampling")
    threads: int = Field(
        0, ge=0, description="threads of torch in training and inference; 0: all cores (one for `tiny`)"
    )

    # As in many AWS accounts.
    concurrent_jobs: int = Field(2, ge=0, description="customization jobs in progress at a time")
    job_stage_seconds: float = Field(
        0.5, ge=0, description="minimum seconds of each of the stages validation and data processing"
    )
    job_completing_seconds: float = Field(
        0, ge=0, description="seconds from the end of the training to the custom model; the job is still in progress"
    )
    # AWS's defaults for most models.
    batch_minimum_records: int = Field(100, ge=1, description="quota: least records of a batch inference job")
    batch_jobs: int = Field(20, ge=0, description="quota: batch inference jobs of a model that are not over")
    batch_stage_seconds: float = Field(
        0.5, ge=0, description="seconds of each status of a batch inference job before the first request"
    )
    # AWS grants 0 to a new account. With 2, a first run with provisioned throughput succeeds.
    model_units: int = Field(2, ge=0, description="quota: model units without commitment on custom models")
    committed_model_units: int = Field(0, ge=0, description="quota: model units with a commitment on custom models")
    throughput_seconds: float = Field(2, ge=0, description="seconds from the creation of a throughput to InService")
    month_seconds: float = Field(30 * 86400, gt=0, description="seconds of a month of a commitment")
    deployments: int = Field(10, ge=0, description="quota: custom model deployments")
    deployments_in_progress: int = Field(2, ge=0, description="quota: deployments being created at a time")
    deployment_seconds: float = Field(2, ge=0, description="seconds from the creation of a deployment to Active")

    lifecycle: Literal["offered", "aws"] = Field(
        "offered", description="offered: retired models are ACTIVE; aws: as on AWS today"
    )
    lifecycles: dict[str, Lifecycle] = Field(
        default_factory=dict, description="lifecycle status by model id; has priority over the lifecycle setting"
    )

    fail_jobs: str = Field("", description="if set, new jobs fail in training with this failureMessage")
    fail_batches: str = Field("", description="if set, new batch inference jobs fail with this message")
    fail_batch_records: int = Field(
        0, ge=0, description="so many records of a new batch inference job end with an error"
    )
    fail_throughputs: str = Field("", description="if set, new throughputs become Failed with this message")
    fail_deployments: str = Field("", description="if set, new deployments become Failed with this message")

    fail_deletes: str = Field(
        "", description="if set, deletions of endpoints fail with a ConflictException with this message"
    )
    # AWS is eventually consistent: a resource that was just created can be missing in the next response.
    stale_reads: int = Field(0, ge=0, description="number of Get and List calls that miss a new resource")
    models_age_days: float = Field(0, ge=0, description="age offset of custom models: they look this much older")
    endpoints_age_hours: float = Field(
        0,
        ge=0,
        description="age offset of throughputs and deployments: they look this much older, and commitments end earlier",
    )

    bad_answers: Literal["", "endless", "malformed", "truncated"] = Field(
        "",
        description=(
            "endless: answers go on to the limit of tokens. malformed: also the arguments of a tool break its schema. "
            "truncated: also replies with a tool end at the limit of tokens, without the tool"
        ),
    )
    byte_tokens: bool = Field(
        False, description="whether a token is billed for each byte of a text, as by a model of an unknown tokenizer"
    )

    answer_timeout_seconds: float = Field(
        100,
        gt=0,
        description="seconds until a ThrottlingException, fewer than a client waits; the answer is kept for the next "
        "request with the same content",
    )

    judge_requests_per_minute: int = Field(
        0, ge=0, description="requests per minute to judge models until a ThrottlingException; 0: no limit"
    )
    judge_denied_after: int = Field(
        -1, ge=-1, description="requests to judge models until access is denied; -1: never denied"
    )
    judge_url: str = Field(
        "",
        validation_alias="LOCAL_JUDGE_URL",
        description="an OpenAI-compatible server that judges instead of the stand-in",
    )
    judge_model: str = Field(
        "", validation_alias="LOCAL_JUDGE_MODEL", description="the model of that server; empty: its first one"
    )
    judge_api_key: SecretStr | None = Field(
        None, validation_alias="LOCAL_JUDGE_API_KEY", description="sent as a bearer token", exclude=True
    )

    @property
    def torch_threads(self) -> int:
        """The number of threads. More than one would slow the tiny network down, most of all with several clouds."""
        return self.threads or (1 if self.engine == "tiny" else os.cpu_count() or 1)
