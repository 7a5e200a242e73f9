"""Corpora, label maps, and the training of the models that ship."""
