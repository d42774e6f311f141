"""Forced tool calls: one module per kind of tool, each knowing which calls it can fill in and how.

A new kind is a module with `fits(call)` and `fill(bedrock, call)` and a line in KINDS (tools/calls.py).
"""
