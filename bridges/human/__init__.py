"""People: reference effects with their sources, readers and writers of recorded trials."""
