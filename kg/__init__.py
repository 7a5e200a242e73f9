"""Annotations and knowledge -> graph -> answers."""
