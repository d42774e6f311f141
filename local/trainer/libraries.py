"""The environment variables of the processes that use PyTorch: the training processes and the inference process."""

from __future__ import annotations

from collections.abc import Mapping


def environment_for_libraries(inherited: Mapping[str, str]) -> dict[str, str]:
    """The server's environment without its credentials, which neither training nor inference needs."""
    kept = {name: value for name, value in inherited.items() if not name.startswith(("AWS_", "MINISTACK_"))}
    # By default OpenMP's threads spin while they wait. With other load on the machine, a step of 0.05 s then took 6 s.
    return kept | {"HF_HUB_OFFLINE": "1", "TOKENIZERS_PARALLELISM": "false", "OMP_WAIT_POLICY": "PASSIVE"}
