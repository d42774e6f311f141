"""Patches of CloudFormation: dropped properties, unique names and failed deletions."""
