"""The local target: an embedded database, a directory, and a runner in this process."""
