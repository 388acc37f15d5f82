"""Files to modules: weight files, names, layouts, and the loaded parts of a model."""
