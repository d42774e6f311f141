"""What is deployed: one construct per capability, put together in `bedrock_tuner`.

Imports `tuner`, never `lambdas` or `local`. Synthesis needs no credentials, network, Docker or git.
"""
