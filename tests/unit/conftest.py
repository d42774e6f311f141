"""Environment variables that libraries read when they are imported."""

import os
from functools import cache, partial

from botocore.loaders import JSONFileLoader

# What Lambda's environment gives every function.
os.environ.update(
    POWERTOOLS_SERVICE_NAME="tuner",
    POWERTOOLS_METRICS_NAMESPACE="BedrockTuner",
    POWERTOOLS_TRACE_DISABLED="true",
    POWERTOOLS_LOG_LEVEL="WARNING",
)
# The workers of pytest share the cores: PyTorch's threads would wait for each other, and spin meanwhile.
os.environ.update(OMP_NUM_THREADS="1", OMP_WAIT_POLICY="PASSIVE")
# Hugging Face's libraries must not look for newer files.
os.environ["HF_HUB_OFFLINE"] = "1"

# Each session of botocore parses the descriptions of its services anew, which are files of up to a megabyte.
_loaded = cache(partial(JSONFileLoader.load_file, JSONFileLoader()))
JSONFileLoader.load_file = lambda _, file_path: _loaded(file_path)
