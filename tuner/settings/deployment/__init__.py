"""Settings of a deployment: the keys of cdk.json's context."""
