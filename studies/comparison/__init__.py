"""Comparison studies: agents and people on the same tasks. Here is what all of them share."""
