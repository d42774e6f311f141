"""Patches of Lambda: function states, errors, warm processes and account limits."""
