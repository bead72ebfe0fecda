"""Parts of the study of generated spike rasters."""
