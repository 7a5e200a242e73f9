"""clinigraph: from clinical notes to a medical knowledge graph that answers with its evidence.

Start at :mod:`clinigraph.pipeline` (note to annotations) and :mod:`clinigraph.kg` (annotations to graph to answers).
"""

__version__ = "0.1.0"
