"""The only modules that import boto3: one adapter per service."""
