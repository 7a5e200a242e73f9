"""The tag set of the shipped tagger: O, then B and I of each label."""

from __future__ import annotations

ENTITY_LABELS = ("DISEASE", "SYMPTOM", "DRUG", "PROCEDURE", "TEST", "ANATOMY")
"""Labels of mentions; the values of :class:`clinigraph.schemas.annotation.Label`."""

DETAIL_LABELS = ("SEVERITY", "DOSE", "STRENGTH", "ROUTE", "FREQUENCY", "DURATION", "FORM", "VALUE")
"""What is said about a mention; kept apart in ``doc.spans["clinigraph_details"]``."""

LABELS = (*ENTITY_LABELS, *DETAIL_LABELS)
"""Labels in the order of the model's output columns."""

TAGS = ("O", *(f"{prefix}-{label}" for label in LABELS for prefix in ("B", "I")))
"""``O, B-DISEASE, I-DISEASE, B-SYMPTOM, ...``: 29 tags."""
