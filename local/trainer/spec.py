"""The input and the progress of a training process: two JSON files in the folder of the job."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

from pydantic import BaseModel, ConfigDict

NetworkName = Literal["smollm2", "smollm2-short", "tiny", "tiny-short"]
"""`-short`: the same network without some of its layers, a second one that needs no weights of its own."""

LEFT_OUT: dict[NetworkName, range] = {"smollm2-short": range(3, 7), "tiny-short": range(1, 2)}
"""The layers that a shorter network lacks: those that SmolLM2 can do without best (docs/local-bedrock.md)."""

NOT_ADAPTED: dict[NetworkName, int] = {"smollm2": 15, "smollm2-short": 13}
"""The number of lower layers without an adapter, half of them. Their states of a record are computed once, which halves
the time of a training. The layers of the tiny networks have random weights, and all are adapted."""

NETWORKS = Path(__file__).resolve().parents[2] / "build" / "networks"
"""The cache of base networks. It is not in the cloud's folder, so that the next cloud can use it, too."""

SPEC_FILE = "spec.json"
PROGRESS_FILE = "progress.json"
ADAPTER_FOLDER = "adapter"


class Turn(BaseModel):
    """One message of a conversation."""

    model_config = ConfigDict(frozen=True)

    role: Literal["user", "assistant"]
    text: str


class Conversation(BaseModel):
    """A training record, independent of its format. The turns of the assistant are learnt."""

    model_config = ConfigDict(frozen=True)

    system: str | None = None
    turns: tuple[Turn, ...]


class EarlyStopping(BaseModel):
    """Stop after `patience` consecutive epochs that did not lower the best validation loss by `threshold`."""

    model_config = ConfigDict(frozen=True)

    threshold: float
    patience: int


class TrainingSpec(BaseModel):
    """A training run. `learning_rate` is the local network's, not a hyperparameter of Bedrock."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    network: NetworkName
    seed: int
    threads: int
    cache: Path
    training: Path
    validation: Path | None
    epochs: int
    batch_size: int
    learning_rate: float
    warmup_steps: int
    early_stopping: EarlyStopping | None


class TrainingRow(BaseModel):
    """The loss of a step. Steps are counted from 0 and epochs from 1, as in Bedrock's files."""

    step_number: int
    epoch_number: int
    training_loss: float


class ValidationRow(BaseModel):
    """The loss on the validation data after an epoch. The step is the last one of the epoch."""

    step_number: int
    epoch_number: int
    validation_loss: float


class Progress(BaseModel):
    """The progress of a training. At its end `best_epoch` is the epoch whose weights the model has."""

    step: int = 0
    steps: int
    epoch: int = 1
    epochs: int
    seconds: float = 0.0
    tokens: int = 0
    training: list[TrainingRow] = []
    validation: list[ValidationRow] = []
    best_epoch: int | None = None
    stopped_early: bool = False
    finished: bool = False

    def write(self, folder: Path) -> None:
        """Replaces the progress file of the folder atomically."""
        # The server reads this file while the trainer writes it.
        draft = folder / f"{PROGRESS_FILE}.tmp"
        draft.write_text(self.model_dump_json(), encoding="utf-8")
        draft.replace(folder / PROGRESS_FILE)

    def best_losses(self) -> tuple[float | None, float | None]:
        """The mean training loss and the validation loss of the epoch whose weights the model has."""
        training = [row.training_loss for row in self.training if row.epoch_number == self.best_epoch]
        validation = [row.validation_loss for row in self.validation if row.epoch_number == self.best_epoch]
        return (sum(training) / len(training) if training else None), (validation[0] if validation else None)

    @classmethod
    def read(cls, folder: Path) -> Progress | None:
        """The progress in the folder, or None before the training has begun."""
        try:
            return cls.model_validate_json((folder / PROGRESS_FILE).read_bytes())
        except FileNotFoundError:
            return None
