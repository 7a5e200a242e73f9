"""Graphs in and out: copies from store to store, and files for other programs."""

from .copying import push
from .exporting import FORMATS, export

__all__ = ["FORMATS", "export", "push"]
