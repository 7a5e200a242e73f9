"""Long word lists as one fast regular expression, and text folded without moving a character."""

from __future__ import annotations

import re
from collections.abc import Iterable


def fold(text: str) -> str:
    """Lower-case a text so that every offset stays where it was.

    Examples
    --------
    >>> fold("İV Lasix") == "İv lasix", len(fold("İ"))
    (True, 1)
    """
    lowered = text.lower()
    if len(lowered) == len(text):
        return lowered
    return "".join(low if len(low := char.lower()) == 1 else char for char in text)


def trie_pattern(words: Iterable[str]) -> str:
    """Write the words as a prefix tree: as an alternation, but its cost does not grow with the number of words.

    The longest word wins. A space stands for up to four characters of white space.

    Examples
    --------
    >>> re.findall(trie_pattern(["ast", "alt", "alt (sgpt)"]), "ast, alt  (sgpt), alt")
    ['ast', 'alt  (sgpt)', 'alt']
    """
    root: dict[str, dict] = {}
    for word in words:
        node = root
        for char in word:
            node = node.setdefault(char, {})
        node[""] = {}
    return _write(root)


def _write(node: dict[str, dict]) -> str:
    branches = []
    for char in sorted(key for key in node if key):
        branches.append((r"\s{1,4}" if char == " " else re.escape(char)) + _write(node[char]))
    if not branches:
        return ""
    if len(branches) == 1 and "" not in node:
        return branches[0]
    return f"(?:{'|'.join(branches)})" + ("?" if "" in node else "")


def alternation(words: Iterable[str]) -> str:
    """Write words that are regular expressions already as one group, longest first."""
    return "(?:" + "|".join(sorted(words, key=lambda word: (-len(word), word))) + ")"
