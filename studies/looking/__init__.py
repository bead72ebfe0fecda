"""What a network does inside during a trial: cut out, labelled and drawn."""
