"""Studies: questions put to every agent, each one command; ``python -m studies`` lists them."""
