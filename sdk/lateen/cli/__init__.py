"""The command `lateen`: data on stdout, progress and errors on stderr."""
