"""Item models over plain snapshots."""
