"""Keeping a workspace small and sound: deletion, retention, collection of bytes, verification."""
