"""Measures the pipeline against annotated corpora."""
