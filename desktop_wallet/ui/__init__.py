"""The window: shows snapshots, sends intents."""
