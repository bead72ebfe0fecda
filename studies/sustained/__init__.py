"""Parts of the study of sustained attention: its claims and its figures."""
