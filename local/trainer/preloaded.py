"""What the process imports that the training processes are forked from."""

from __future__ import annotations

import os
import warnings

from local.trainer.libraries import environment_for_libraries

_environment = environment_for_libraries(os.environ)
os.environ.clear()
os.environ.update(_environment)
warnings.simplefilter("ignore")  # The log is for errors.

# Imported after the environment is set, because the libraries read it when they are imported.
from local.trainer.loop import Trainer  # noqa: E402

__all__ = ["Trainer"]
