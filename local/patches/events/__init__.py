"""Patches of EventBridge and EventBridge Scheduler: event patterns, polling and delivery with retries."""
