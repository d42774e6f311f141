"""LoRA fine-tuning with validation, learning rate warm-up and early stopping."""

from __future__ import annotations

import math
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import torch
from peft import LoraConfig, PeftModel, get_peft_model, get_peft_model_state_dict, set_peft_model_state_dict

from local.trainer.data import IGNORED, Batch, Example, micro_batches, read_examples, shuffled
from local.trainer.early_stopping import EarlyStop
from local.trainer.lower_layers import LowerLayers, through
from local.trainer.networks import computing_type, load
from local.trainer.spec import ADAPTER_FOLDER, NOT_ADAPTED, Progress, TrainingRow, TrainingSpec, ValidationRow

PROJECTIONS = ["q_proj", "k_proj", "v_proj", "o_proj", "gate_proj", "up_proj", "down_proj"]
MAX_RECORD_TOKENS = 2048
MICRO_BATCH_TOKENS = 1024
MAX_KEPT_TOKENS = 200_000
"""Of SmolLM2, the states of so many tokens take 460 MB in float32."""
MAX_GRADIENT_NORM = 1.0


def lora(layers: range) -> LoraConfig:
    """LoRA on all projections of these layers."""
    return LoraConfig(
        r=16,
        lora_alpha=32,
        lora_dropout=0.0,
        target_modules=PROJECTIONS,
        layers_to_transform=list(layers),
        task_type="CAUSAL_LM",
    )


class Trainer:
    """A training run. Writes its progress file and its adapter to `folder`."""

    def __init__(self, spec: TrainingSpec, folder: Path) -> None:
        torch.manual_seed(spec.seed)
        base, tokenizer = load(spec.network, spec.cache)
        self._spec = spec
        self._folder = folder
        self._type = computing_type(spec.network)
        self._padding: int = tokenizer.pad_token_id
        self._training = read_examples(spec.training, tokenizer, MAX_RECORD_TOKENS)
        self._validation = read_examples(spec.validation, tokenizer, MAX_RECORD_TOKENS) if spec.validation else []
        lower, layers = NOT_ADAPTED.get(spec.network, 0), len(base.model.layers)
        self._lower = LowerLayers(base, lower, MAX_KEPT_TOKENS)
        self._upper = base.model.layers[lower:]
        self._model: PeftModel = get_peft_model(base, lora(range(lower, layers)))
        self._weights = [weight for weight in self._model.parameters() if weight.requires_grad]
        self._optimizer = torch.optim.AdamW(self._weights, lr=spec.learning_rate, weight_decay=0.0)
        steps_per_epoch = math.ceil(len(self._training) / spec.batch_size)
        self._progress = Progress(steps=spec.epochs * steps_per_epoch, epochs=spec.epochs)
        self._began = time.monotonic()

    def run(self) -> Progress:
        """Trains until the last epoch or an early stop, and saves the adapter."""
        stop = EarlyStop(self._spec.early_stopping)
        best: dict[str, torch.Tensor] | None = None
        for epoch in range(1, self._spec.epochs + 1):
            self._epoch(epoch)
            if not self._validation:
                continue
            loss = self._validate(epoch)
            if stop.improved(epoch, loss) and self._spec.early_stopping:
                best = {name: value.clone() for name, value in get_peft_model_state_dict(self._model).items()}
            if stop.reached:
                self._progress.stopped_early = epoch < self._spec.epochs
                break
        # Only families with early stopping keep the weights of their best epoch; others keep the last ones.
        if best is not None:
            set_peft_model_state_dict(self._model, best)
        self._progress.best_epoch = stop.best_epoch if best is not None else self._progress.epoch
        self._model.save_pretrained(str(self._folder / ADAPTER_FOLDER))
        self._progress.finished = True
        self._report()
        return self._progress

    def _epoch(self, epoch: int) -> None:
        self._model.train()
        self._progress.epoch = epoch
        for examples in shuffled(self._training, self._spec.batch_size, self._spec.seed + epoch):
            loss = self._step(examples)
            row = TrainingRow(step_number=self._progress.step, epoch_number=epoch, training_loss=loss)
            self._progress.training.append(row)
            self._progress.step += 1
            self._progress.tokens += sum(len(example.tokens) for example in examples)
            self._report()

    def _step(self, examples: Sequence[Example]) -> float:
        """One optimizer step on the mean loss over the learnt tokens of the batch, computed in micro-batches."""
        learnt = sum(example.learnt for example in examples)
        total = 0.0
        for batch in micro_batches(examples, self._padding, MICRO_BATCH_TOKENS):
            loss = self._summed_loss(batch) / learnt
            loss.backward()  # type: ignore[no-untyped-call]
            total += loss.item()
        if not math.isfinite(total):
            raise ArithmeticError(
                f"The training loss is {total} at step {self._progress.step}. Use a lower learning rate."
            )
        torch.nn.utils.clip_grad_norm_(self._weights, MAX_GRADIENT_NORM)
        # The learning rate rises linearly and reaches its full value in the last step of the warm-up.
        warm = min(1.0, (self._progress.step + 1) / max(1, self._spec.warmup_steps))
        for group in self._optimizer.param_groups:
            group["lr"] = self._spec.learning_rate * warm
        self._optimizer.step()
        self._optimizer.zero_grad(set_to_none=True)
        return total

    def _validate(self, epoch: int) -> float:
        self._model.eval()
        loss = self._measure()
        row = ValidationRow(step_number=self._progress.step - 1, epoch_number=epoch, validation_loss=loss)
        self._progress.validation.append(row)
        self._report()
        return loss

    @torch.no_grad()
    def _measure(self) -> float:
        """The mean loss over the learnt tokens of the validation data."""
        learnt = sum(example.learnt for example in self._validation)
        batches = micro_batches(self._validation, self._padding, MICRO_BATCH_TOKENS)
        return sum(self._summed_loss(batch).item() for batch in batches) / learnt

    def _summed_loss(self, batch: Batch) -> torch.Tensor:
        """Cross-entropy summed over the learnt tokens. Logits are computed for these tokens only, which saves time."""
        network: Any = self._model.get_base_model()
        targets = batch.labels[:, 1:]
        learnt = targets != IGNORED
        with torch.autocast("cpu", torch.bfloat16, enabled=self._type == torch.bfloat16):
            states = through(self._upper, network.model, self._lower.states(batch), batch.mask)
            hidden = network.model.norm(states)
            # The hidden state at a position predicts the next token, so the last position has no target.
            logits = network.lm_head(hidden[:, :-1][learnt])
        return torch.nn.functional.cross_entropy(logits.float(), targets[learnt], reduction="sum")

    def _report(self) -> None:
        self._progress.seconds = round(time.monotonic() - self._began, 2)
        self._progress.write(self._folder)
