"""Advice: diagnosis, drugs and safety rules as pure functions over a compiled view of the graph."""

from .diagnosis import diagnose
from .view import KnowledgeView

__all__ = ["KnowledgeView", "diagnose"]
