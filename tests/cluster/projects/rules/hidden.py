"""A module that stays on the computer."""
