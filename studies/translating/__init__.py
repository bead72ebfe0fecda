"""Parts of the translation study."""
