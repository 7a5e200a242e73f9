"""The entity tagger: text in, labelled character spans out; ONNX Runtime or PyTorch behind one interface.

Nothing heavy is imported before a model is loaded.
"""

from .loading import BACKENDS, SHIPPED_MODEL, load_token_classifier
from .protocol import TaggedSpan, TokenClassifier
from .tags import LABELS, TAGS

__all__ = ["BACKENDS", "LABELS", "SHIPPED_MODEL", "TAGS", "TaggedSpan", "TokenClassifier", "load_token_classifier"]
