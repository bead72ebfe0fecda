"""bridges: one trial stream for circuits, networks and people, and one way of scoring them all."""
