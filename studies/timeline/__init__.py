"""Parts of the study that draws what happens in the trials of a task."""
