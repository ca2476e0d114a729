"""Decisions about runs, as functions of values; the time is passed in."""
