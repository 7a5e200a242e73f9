"""Names of the vocabulary, found in a text word by word: what the tagger knows from the graph.

The file beside the model (``lexicon.txt.gz``) has one name a line: the labels it may have, as a sum of bits in the
order of the entity labels (DISEASE 1, SYMPTOM 2, DRUG 4, ...), a tab, and the words of the name in small letters,
separated by spaces. It is the vocabulary as it was when the model was trained, and stays with the model.
"""

from __future__ import annotations

import gzip
import re
from collections.abc import Iterable, Sequence
from pathlib import Path

import numpy as np

from .tags import ENTITY_LABELS

FILE = "lexicon.txt.gz"
LONGEST = 7
"""Words of the longest name that is kept."""

NONE, BEGIN, INSIDE, SINGLE = range(4)
"""What a word is in a name: no part, the first of several words, a later one, the only one."""

_WORD = re.compile(r"[^\W_]+|[^\w\s]|_")


def name_words(name: str) -> list[str]:
    """The words of a name, split as the tokenizer of the tagger splits a text.

    Examples
    --------
    >>> name_words("Crohn's disease")
    ['crohn', "'", 's', 'disease']
    """
    return _WORD.findall(name.lower())


class Lexicon:
    """Names with their labels, looked up longest first.

    Parameters
    ----------
    names : mapping of str to int
        Words of the name joined by spaces -> bits of its labels.

    Examples
    --------
    >>> lexicon = Lexicon({"heart failure": 1, "aspirin": 4})
    >>> lexicon.match("Aspirin for heart failures".split())[:, [0, 2]].tolist()
    [[0, 3], [0, 0], [1, 0], [2, 0]]
    """

    def __init__(self, names: dict[str, int]) -> None:
        self._names = names
        longest: dict[str, int] = {}
        for name in names:
            first, count = name.partition(" ")[0], name.count(" ") + 1
            if longest.get(first, 0) < count:
                longest[first] = count
        self._longest = longest

    def __len__(self) -> int:
        return len(self._names)

    def match(self, words: Sequence[str]) -> np.ndarray:
        """What each word is in a name of each label, uint8 of shape (words, 6); see :data:`BEGIN`.

        For each label the names are taken from the left, the longest first, and do not overlap. A plural s of the last
        word does not matter.
        """
        found = np.zeros((len(words), len(ENTITY_LABELS)), dtype=np.uint8)
        low = [word.lower() for word in words]
        free = [0] * len(ENTITY_LABELS)  # first word that is not in a name yet, per label
        for start, word in enumerate(low):
            reach = self._longest.get(word, 0)
            if not reach:
                singular = _singular(word)
                reach = 1 if singular and singular in self._names else 0
            done = 0
            for count in range(min(reach, len(low) - start), 0, -1):
                bits = self._bits(low, start, count) & ~done
                if not bits:
                    continue
                done |= bits
                for label in range(len(ENTITY_LABELS)):
                    if bits >> label & 1 and free[label] <= start:
                        found[start, label] = BEGIN if count > 1 else SINGLE
                        found[start + 1 : start + count, label] = INSIDE
                        free[label] = start + count
        return found

    def _bits(self, words: list[str], start: int, count: int) -> int:
        key = " ".join(words[start : start + count])
        bits = self._names.get(key, 0)
        if not bits:
            last = _singular(words[start + count - 1])
            if last:
                bits = self._names.get(" ".join([*words[start : start + count - 1], last]), 0)
        return bits

    def save(self, path: Path) -> None:
        """Write the file; the same names give the same bytes."""
        lines = "".join(f"{bits}\t{name}\n" for name, bits in sorted(self._names.items()))
        path.write_bytes(gzip.compress(lines.encode("utf-8"), 9, mtime=0))

    @classmethod
    def load(cls, path: Path) -> Lexicon:
        """Read what :meth:`save` wrote."""
        names = {}
        with gzip.open(path, "rt", encoding="utf-8") as lines:
            for line in lines:
                bits, _, name = line.rstrip("\n").partition("\t")
                names[name] = int(bits)
        return cls(names)

    @classmethod
    def build(cls, rows: Iterable[tuple[str, str]]) -> Lexicon:
        """Of pairs of name and label; names that are too long, too short or mere numbers are left out."""
        names: dict[str, int] = {}
        for name, label in rows:
            words = name_words(name)
            if not 1 <= len(words) <= LONGEST or sum(map(len, words)) < 2:
                continue
            if not any(word[0].isalpha() for word in words):
                continue
            key = " ".join(words)
            names[key] = names.get(key, 0) | 1 << ENTITY_LABELS.index(label)
        return cls(names)


def _singular(word: str) -> str:
    """The word without a plural s, or nothing."""
    return word[:-1] if len(word) > 4 and word[-1] == "s" and word[-2] not in "su" else ""
