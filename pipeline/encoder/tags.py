"""The tag set of the shipped tagger: O, then B and I of each label."""

from __future__ import annotations

LABELS = ("DISEASE", "SYMPTOM", "DRUG", "PROCEDURE", "TEST", "ANATOMY")
"""Labels in the order of the model's output columns; the values of :class:`clinigraph.schemas.annotation.Label`."""

TAGS = ("O", *(f"{prefix}-{label}" for label in LABELS for prefix in ("B", "I")))
"""``O, B-DISEASE, I-DISEASE, B-SYMPTOM, ...``: 13 tags."""
