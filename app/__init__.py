"""Command line, HTTP service, page: thin; no logic that a Python user could not reach."""
