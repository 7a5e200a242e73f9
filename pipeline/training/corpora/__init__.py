"""Annotated corpora: one reader per file format, the same records out of each.

The readers are shared by training and by ``clinigraph evaluate entities``.
"""

from .records import CorpusReading, GoldSpan, Record, Rejected
from .reading import FORMATS, read_corpus

__all__ = ["FORMATS", "CorpusReading", "GoldSpan", "Record", "Rejected", "read_corpus"]
