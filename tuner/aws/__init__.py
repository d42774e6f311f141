"""Adapters to AWS, one per service. Outside of this package, only the command line imports boto3."""
