"""The environment variables of the server's subprocesses: the trainers and the inference process."""

from __future__ import annotations

import os
from pathlib import Path

CHECKOUT = Path(__file__).resolve().parents[2]


def subprocess_environment() -> dict[str, str]:
    """The server's environment without its credentials, which neither training nor inference needs."""
    inherited = {name: value for name, value in os.environ.items() if not name.startswith(("AWS_", "MINISTACK_"))}
    # By default OpenMP's threads spin while they wait. With other load on the machine, a step of 0.05 s then took 6 s.
    return inherited | {"HF_HUB_OFFLINE": "1", "TOKENIZERS_PARALLELISM": "false", "OMP_WAIT_POLICY": "PASSIVE"}
