"""A cloud on a laptop: MiniStack with TLS and enforced IAM, and a Bedrock that trains a small model.

`cloud` starts and stops it, `deploy` deploys the unmodified CDK app into it, and `patches` make MiniStack behave like
AWS. Outside of this package only the command line imports it.
"""
