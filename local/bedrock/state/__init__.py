"""The state of the local Bedrock: its records on disk, its settings and its clock, and the rules that they follow.

Handlers of all operations share this package and import nothing of each other.
"""
