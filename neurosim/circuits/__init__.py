"""Circuits, one file each, named for what they do."""
