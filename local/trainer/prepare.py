"""`python -m local.trainer.prepare [NETWORK]`: read the weights once, so that the first training need not."""

from __future__ import annotations

import sys
from typing import cast

from local.trainer.networks import prepare
from local.trainer.spec import NETWORKS, NetworkName


def main() -> int:
    """Prepare the network named on the command line, or SmolLM2."""
    network = sys.argv[1] if len(sys.argv) > 1 else "smollm2"
    print(prepare(cast("NetworkName", network), NETWORKS))
    return 0


if __name__ == "__main__":
    sys.exit(main())
