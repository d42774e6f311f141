"""The CDK stack: one construct per capability, combined in `bedrock_tuner`.

Imports `tuner` and `statemachine`, never `lambdas` or `local`. Synthesis needs no credentials, network, Docker or git.
"""
