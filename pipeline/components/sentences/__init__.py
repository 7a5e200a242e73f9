"""Sentence boundaries for clinical notes."""
