"""Parts of the study of divided attention: its design, claims and figures."""
