"""Maps between circuits and networks: each with its equation, its assumptions and its error."""
