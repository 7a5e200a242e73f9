"""Note text -> annotations. Knows nothing of graphs or stores."""
