"""What Lambda's environment gives every function. Powertools reads it when a handler's module is imported."""

import os

os.environ.update(
    POWERTOOLS_SERVICE_NAME="tuner",
    POWERTOOLS_METRICS_NAMESPACE="BedrockTuner",
    POWERTOOLS_TRACE_DISABLED="true",
    POWERTOOLS_LOG_LEVEL="WARNING",
)
