"""The commands, one file for each; loaded when they are called."""
