"""Graphs in and out: copies from store to store, and files for other programs."""
