"""The entity tagger as a spaCy component (factory ``clinigraph_ner``, in :mod:`.factory`)."""
