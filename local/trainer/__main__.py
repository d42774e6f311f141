"""`python -m local.trainer FOLDER`: trains by FOLDER/spec.json, and writes progress and adapter to FOLDER.

The exit status is 0 if the training finished. Otherwise the last line of standard error has the reason.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path

from local.trainer.parent_watchdog import exit_with_parent
from local.trainer.spec import SPEC_FILE, TrainingSpec


def main() -> int:
    """Train in the folder that the command line names."""
    exit_with_parent()
    folder = Path(sys.argv[1])
    spec = TrainingSpec.model_validate_json((folder / SPEC_FILE).read_bytes())
    os.environ["HF_HUB_OFFLINE"] = "1"

    # Imported after the environment is set, because transformers reads it when it is imported.
    import torch

    from local.trainer.loop import Trainer

    torch.set_num_threads(spec.threads)
    Trainer(spec, folder).run()
    return 0


if __name__ == "__main__":
    sys.exit(main())
