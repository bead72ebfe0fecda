"""Parts of the study of self-excitation: what performs, how long it remembers, and the inverted U."""
