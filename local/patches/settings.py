"""Settings of the patches: LOCAL_* in the server's environment. docs/local-cloud.md lists them."""

from functools import cache

from pydantic import Field
from pydantic_settings import BaseSettings, SettingsConfigDict


class PatchSettings(BaseSettings):
    """Limits and times. The defaults are those of a new AWS account, but with shorter times."""

    model_config = SettingsConfigDict(env_prefix="LOCAL_", frozen=True)

    pending: float = Field(
        0.5, ge=0, description="seconds a new or Inactive function is Pending (a minute on AWS); 0: never Pending"
    )
    idle: float = Field(
        1800, ge=0, description="seconds without a call until a function is Inactive (weeks on AWS); 0: never"
    )
    concurrency: int = Field(10, ge=0, description="concurrent executions of functions in the account; 0: no limit")
    memory: int = Field(3008, ge=128, description="maximum memory of a function, in MB")


@cache
def patch_settings() -> PatchSettings:
    """The settings of this server."""
    return PatchSettings()
