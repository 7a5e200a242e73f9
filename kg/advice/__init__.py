"""Advice: diagnosis, drugs and safety rules as pure functions over a compiled view of the graph."""
