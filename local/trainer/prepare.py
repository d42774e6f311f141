"""`python -m local.trainer.prepare [NETWORK]`: prepares a network before its first use, which saves time then."""

from __future__ import annotations

import sys
from typing import cast

from local.trainer.networks import prepare
from local.trainer.spec import NETWORKS, NetworkName


def main() -> int:
    """Prepares the network that the command line names, or SmolLM2."""
    network = sys.argv[1] if len(sys.argv) > 1 else "smollm2"
    print(prepare(cast("NetworkName", network), NETWORKS))
    return 0


if __name__ == "__main__":
    sys.exit(main())
