"""Tool calls: one module per kind of tool. Each recognizes the calls that it supports and computes their arguments.

To add a kind, write a module with `supports(call)` and `arguments(settings, inference, call)`, and add it to KINDS in
tools/dispatch.py.
"""
