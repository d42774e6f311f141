"""What the server's child processes - trainers and the inference process - are started with."""

from __future__ import annotations

import os
from pathlib import Path

CHECKOUT = Path(__file__).resolve().parents[2]


def child_environment() -> dict[str, str]:
    """The server's environment without its credentials, which neither training nor inference needs."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("AWS_", "MINISTACK_"))}
    # OpenMP's threads spin while they wait for each other: on a machine that has other work, a step of 0.05 s took 6 s.
    return kept | {"HF_HUB_OFFLINE": "1", "TOKENIZERS_PARALLELISM": "false", "OMP_WAIT_POLICY": "PASSIVE"}
