"""Mentions -> patient facts -> upserts. Order, repetition and crashes leave no trace in the result."""
