"""Negation, certainty, time and person of what a note mentions."""
