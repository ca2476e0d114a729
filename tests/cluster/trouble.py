"""What the person at the terminal has to know, in one sentence."""

from __future__ import annotations


class Trouble(Exception):
    """The cluster cannot do what was asked; the message says what to do."""
