"""`python -m local.trainer FOLDER`: train as FOLDER/spec.json says; progress, adapter and errors go to FOLDER.

The exit status is 0 when training finished; otherwise the last line on standard error says why.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path

from local.trainer.parent_watchdog import hold
from local.trainer.spec import SPEC_FILE, TrainingSpec


def main() -> int:
    """Run the trainer in the folder named on the command line."""
    hold()
    folder = Path(sys.argv[1])
    spec = TrainingSpec.model_validate_json((folder / SPEC_FILE).read_bytes())
    os.environ["HF_HUB_OFFLINE"] = "1"

    import torch

    from local.trainer.loop import Trainer

    torch.set_num_threads(spec.threads)
    Trainer(spec, folder).run()
    return 0


if __name__ == "__main__":
    sys.exit(main())
