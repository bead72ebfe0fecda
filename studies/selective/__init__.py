"""Parts of the study of selective attention: its design, claims and figures."""
