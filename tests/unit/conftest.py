"""Environment variables that libraries read when they are imported."""

import os
from functools import cache, partial

import moto.s3.urls
from botocore.loaders import JSONFileLoader
from cryptography.hazmat.primitives.asymmetric import rsa
from moto.s3.models import S3Backend
from moto.sns.models import Subscription

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

# For each request to S3, moto imports its table of URLs anew, in case a variable has changed them. No test changes it.
S3Backend._url_module = moto.s3.urls
# moto generates a key for each subscription, to sign its notifications. One is enough.
Subscription.private_key = staticmethod(cache(partial(rsa.generate_private_key, public_exponent=65537, key_size=2048)))
