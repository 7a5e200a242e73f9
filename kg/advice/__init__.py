"""Advice: diagnosis, drugs and safety rules as pure functions over a compiled view of the graph."""

from .diagnosis import diagnose
from .drugs import check, recommend
from .view import KnowledgeView

__all__ = ["KnowledgeView", "check", "diagnose", "recommend"]
