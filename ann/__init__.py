"""Recurrent and attention networks for streams of input; they know no spike and no task."""
