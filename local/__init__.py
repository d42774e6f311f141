"""A cloud on a laptop: MiniStack with TLS and enforced IAM, and a Bedrock that really trains.

`cloud` brings it up and down, `deploy` puts the unmodified CDK app into it, `patches` hold every correction
made to MiniStack. Nothing outside this package imports it, except the command line that starts it.
"""
