"""Parts of the study ``training_camp``."""
