"""Environment variables that libraries read when they are imported."""

import os

# What Lambda's environment gives every function.
os.environ.update(
    POWERTOOLS_SERVICE_NAME="tuner",
    POWERTOOLS_METRICS_NAMESPACE="BedrockTuner",
    POWERTOOLS_TRACE_DISABLED="true",
    POWERTOOLS_LOG_LEVEL="WARNING",
)
# Hugging Face's libraries must not look for newer files.
os.environ["HF_HUB_OFFLINE"] = "1"
