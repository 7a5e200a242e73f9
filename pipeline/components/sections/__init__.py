"""Sections of a clinical note: headings and what they head."""
