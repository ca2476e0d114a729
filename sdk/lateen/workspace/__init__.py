"""A person's workspace: its records, bytes and folders, and how values are brought to it."""
