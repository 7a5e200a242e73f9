"""Note text -> annotations. Knows nothing of graphs or stores.

>>> from clinigraph.pipeline import load
>>> nlp = load()
>>> doc = nlp("Denies chest pain. Continue metformin 500 mg PO BID.")
>>> [(ent.text, ent._.assertion.negated) for ent in doc.ents if ent.label_ == "SYMPTOM"]
[('chest pain', True)]
"""

from .annotating import annotate, annotate_all, to_record
from .assembling import PIPELINE_VERSION, load, pipeline_identity

__all__ = ["PIPELINE_VERSION", "annotate", "annotate_all", "load", "pipeline_identity", "to_record"]
