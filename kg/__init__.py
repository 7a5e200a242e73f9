"""Annotations and knowledge -> graph -> answers.

>>> from clinigraph.kg import open_graph
>>> with open_graph(":memory:", knowledge=False) as graph:
...     graph.counts()["nodes"]["Patient"]
0
"""

from .graph import Graph, open_graph

__all__ = ["Graph", "open_graph"]
