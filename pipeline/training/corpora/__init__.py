"""Annotated corpora: one reader per file format, the same records out of each.

The readers are shared by training and by ``clinigraph evaluate entities``.
"""

from .reading import FORMATS, read_corpus
from .records import CorpusReading, GoldSpan, Record, Rejected

__all__ = ["FORMATS", "CorpusReading", "GoldSpan", "Record", "Rejected", "read_corpus"]
