"""Parts of the study of vision."""
