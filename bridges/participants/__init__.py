"""Participants: circuits, networks and people behind one border."""
