"""The vocabulary: concepts, their names and cross references, read from the shipped files.

Built by ``clinigraph knowledge build``; used by the linker, the tagger's dictionary features and the advice. It
lives here, below pipeline and kg, because both need it. Rows stay in flat lists and NumPy arrays: a quarter of a
million names as Python objects would take seconds and gigabytes.
"""

from __future__ import annotations

import re
import tomllib
import unicodedata
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cached_property, lru_cache
from importlib.resources import as_file, files
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from .problems import UserError

SHIPPED = "clinigraph.kg.knowledge.data"  # a string: schemas import nothing of kg
HIERARCHY = "edges_SUBCLASS_OF.parquet"
NAME_KINDS = ("preferred", "exact", "abbreviation", "brand", "lay", "related")

_TOKEN = re.compile(r"[a-z0-9]+(?:\.[0-9]+)?|[%+]|[^\x00-\x7f]+")
_POSSESSIVE = re.compile(r"(?<=[a-z])['’`´]s?(?![a-z])")
_PLURALS = (("ies", "y"), ("sses", "ss"), ("xes", "x"), ("ches", "ch"), ("shes", "sh"), ("oses", "osis"))
_LIGATURE = re.compile(r"[ao]+e")


@lru_cache(maxsize=1)
def _spelling() -> tuple[tuple[tuple[str, str], ...], dict[str, str], frozenset[str]]:
    data = tomllib.loads(files(__package__).joinpath("normalisation.toml").read_text(encoding="utf-8"))
    return tuple(data["british"].items()), data["irregular"], frozenset(data["stopwords"]["words"])


@lru_cache(maxsize=200_000)
def _normal_token(token: str) -> str:
    british, irregular, _ = _spelling()
    if not token.isascii():
        return token
    for ours, theirs in british:
        token = token.replace(ours, theirs)
    token = _LIGATURE.sub("e", token)
    if token in irregular:
        return irregular[token]
    if len(token) > 4:
        for plural, singular in _PLURALS:
            if token.endswith(plural):
                return token[: -len(plural)] + singular
    if len(token) > 3 and token[-1] == "s" and token[-2] not in "sui":
        return token[:-1]
    return token


def tokens_of(name: str) -> list[str]:
    """Split a name into normalised words: case, accents, spelling, possessives and plurals evened out."""
    text = unicodedata.normalize("NFKD", name.casefold())
    if not text.isascii():
        text = "".join(c for c in text if not unicodedata.combining(c))
        for greek, word in _GREEK:
            text = text.replace(greek, word)
    return [_normal_token(t) for t in _TOKEN.findall(_POSSESSIVE.sub("", text))]


_GREEK = (("α", " alpha "), ("β", " beta "), ("γ", " gamma "), ("δ", " delta "), ("κ", " kappa "), ("ω", " omega "))


def normalise(name: str) -> str:
    """Bring a name to the form under which it is looked up.

    Words are evened out (see :func:`tokens_of`), words without meaning dropped and the rest sorted, so that
    inverted and prepositional names meet. Doing it twice changes nothing.

    Examples
    --------
    >>> normalise("Cancer, Lung") == normalise("cancers of the lung") == "cancer lung"
    True
    >>> normalise("Alzheimer's disease") == normalise("ALZHEIMER DISEASE")
    True
    >>> normalise("Anaemia"), normalise("hepatitis A")
    ('anemia', 'a hepatitis')
    """
    tokens = tokens_of(name)
    stop = _spelling()[2]
    kept = [t for t in tokens if t not in stop]
    return " ".join(sorted(kept or tokens))


@dataclass(frozen=True, slots=True)
class Concept:
    """One concept of the vocabulary."""

    id: str
    name: str
    label: str  # node label of the graph, for example "Disease"
    xrefs: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Candidate:
    """A concept that bears a name, and how good a name of it that is (``rank``: smaller is better)."""

    concept: int  # position in the vocabulary
    name: str
    kind: str
    rank: int
    source: str


class Vocabulary:
    """Concepts and names, looked up by normalised name, id or cross reference.

    Parameters
    ----------
    ids, names, labels, xrefs
        One entry per concept: CURIE, preferred name, node label, cross references as CURIEs.
    keys, name_rows
        One entry per name, sorted by key: its normalised form; and ``(concept position, name, kind, rank, source)``
        as five parallel columns.

    Examples
    --------
    >>> vocabulary = Vocabulary.default()
    >>> vocabulary.by_id("MONDO:0005044").label
    'Disease'
    """

    def __init__(
        self,
        ids: list[str],
        names: list[str],
        labels: list[str],
        xrefs: list[list[str] | None],
        keys: list[str],
        name_rows: tuple[np.ndarray, pa.ChunkedArray, list[str], np.ndarray, list[str]],
    ) -> None:
        self.ids, self.names, self.labels, self._xrefs = ids, names, labels, xrefs
        self.keys = keys
        self.name_concept, self._name_text, self._name_kind, self.name_rank, self._name_source = name_rows
        self._folder: Path | None = None
        self._position = {id_: i for i, id_ in enumerate(ids)}
        # from the back, so that the first row of a key is what stays
        self._first = dict(zip(reversed(keys), range(len(keys) - 1, -1, -1), strict=True))

    def __len__(self) -> int:
        return len(self.ids)

    @classmethod
    def default(cls) -> Vocabulary:
        """Read the vocabulary that comes with the package (once per process)."""
        return _default_vocabulary()

    @classmethod
    def from_files(cls, folder: str | Path) -> Vocabulary:
        """Read a vocabulary from a folder that ``clinigraph knowledge build`` wrote.

        Raises
        ------
        UserError
            If the folder does not hold one.
        """
        folder = Path(folder)
        node_files = sorted(folder.glob("nodes_*.parquet"))
        if not node_files or not (folder / "names.parquet").is_file():
            raise UserError(
                f"there is no vocabulary in {folder}",
                "name a folder written by `clinigraph knowledge build`, or leave the option out for the shipped one",
            )
        try:
            vocabulary = cls._read(node_files, folder / "names.parquet")
        except (pa.ArrowInvalid, KeyError, OSError) as error:
            raise UserError(
                f"the vocabulary in {folder} cannot be read ({type(error).__name__})",
                "build it again with `clinigraph knowledge build`",
            ) from error
        vocabulary._folder = folder
        return vocabulary

    @classmethod
    def _read(cls, node_files: list[Path], name_file: Path) -> Vocabulary:
        ids: list[str] = []
        names: list[str] = []
        labels: list[str] = []
        xrefs: list[list[str] | None] = []
        for path in node_files:
            table = pq.read_table(path, columns=["id", "name", "xrefs"])
            ids += table["id"].to_pylist()
            names += table["name"].to_pylist()
            xrefs += _lists(table["xrefs"])
            labels += [path.stem.removeprefix("nodes_")] * len(table)
        table = pq.read_table(name_file, columns=["key", "concept", "name", "kind", "rank", "source"])
        order = pa.array(ids)
        concept = pa.compute.index_in(table["concept"], value_set=order).to_numpy()
        rows = (
            concept.astype(np.int32),
            table["name"],
            table["kind"].to_pylist(),
            table["rank"].to_numpy().astype(np.int16),
            table["source"].to_pylist(),
        )
        return cls(ids, names, labels, xrefs, table["key"].to_pylist(), rows)

    def concept(self, position: int) -> Concept:
        """The concept at a position (see :class:`Candidate`)."""
        xrefs = tuple(self._xrefs[position] or ())
        return Concept(self.ids[position], self.names[position], self.labels[position], xrefs)

    def by_id(self, id_: str) -> Concept | None:
        """The concept with this id, or None."""
        position = self._position.get(id_)
        return None if position is None else self.concept(position)

    def position(self, id_: str) -> int | None:
        """Where a concept stands, or None."""
        return self._position.get(id_)

    def lookup(self, name: str) -> list[Candidate]:
        """Concepts that bear this name, best first. Empty if none does.

        Examples
        --------
        >>> [c.kind for c in Vocabulary.default().lookup("no such name at all")]
        []
        """
        return self.lookup_key(normalise(name))

    def lookup_key(self, key: str) -> list[Candidate]:
        """As :meth:`lookup`, for a name already normalised."""
        row = self._first.get(key)
        found: list[Candidate] = []
        while row is not None and row < len(self.keys) and self.keys[row] == key:
            found.append(self.row(row))
            row += 1
        return sorted(found, key=lambda c: (c.rank, self.ids[c.concept]))

    def row(self, row: int) -> Candidate:
        """The name at a row of the names table."""
        return Candidate(
            int(self.name_concept[row]),
            self._name_text[row].as_py(),
            self._name_kind[row],
            int(self.name_rank[row]),
            self._name_source[row],
        )

    def iter_names(self, labels: Iterable[str] | None = None) -> Iterator[tuple[str, str, str]]:
        """All names as ``(name, concept id, node label)``, optionally of some labels only."""
        wanted = None if labels is None else set(labels)
        for name, position in zip(self._name_text.to_pylist(), self.name_concept.tolist(), strict=True):
            label = self.labels[position]
            if wanted is None or label in wanted:
                yield name, self.ids[position], label

    def keys_of_labels(self, labels: Iterable[str]) -> list[str]:
        """The distinct normalised names of concepts of these labels, in order."""
        wanted = set(labels)
        of_label = np.array([label in wanted for label in self.labels], dtype=bool)[self.name_concept]
        return list(dict.fromkeys(self.keys[row] for row in np.flatnonzero(of_label).tolist()))

    def names_of(self, id_: str) -> list[str]:
        """All names of a concept, preferred name first. Empty if the concept is unknown."""
        position = self._position.get(id_)
        if position is None:
            return []
        rows = np.flatnonzero(self.name_concept == position)
        own = self._name_text.take(pa.array(rows)).to_pylist()
        return list(dict.fromkeys([self.names[position], *own]))

    @cached_property
    def xref_map(self) -> dict[str, tuple[int, ...]]:
        """Cross reference (or own id) -> positions of the concepts that carry it. Made when first asked for."""
        found: dict[str, list[int]] = {id_: [i] for i, id_ in enumerate(self.ids)}
        for position, xrefs in enumerate(self._xrefs):
            for xref in xrefs or ():
                found.setdefault(xref, []).append(position)
        return {xref: tuple(dict.fromkeys(positions)) for xref, positions in found.items()}

    def resolve(self, curie: str) -> list[Concept]:
        """Concepts that are, or refer to, this CURIE: ``resolve("OMIM:154700")``."""
        return [self.concept(p) for p in self.xref_map.get(curie, ())]

    @cached_property
    def parents(self) -> dict[int, tuple[int, ...]]:
        """Position -> positions of the concepts directly above. Read when first asked for; empty without the file."""
        path = None if self._folder is None else self._folder / HIERARCHY
        if path is None or not path.is_file():
            return {}
        table = pq.read_table(path, columns=["source", "target"])
        found: dict[int, list[int]] = {}
        for source, target in zip(table["source"].to_pylist(), table["target"].to_pylist(), strict=True):
            if source in self._position and target in self._position:
                found.setdefault(self._position[source], []).append(self._position[target])
        return {child: tuple(sorted(above)) for child, above in found.items()}

    @cached_property
    def sizes(self) -> dict[int, int]:
        """Position -> number of concepts anywhere below; those with none are left out."""
        children: dict[int, list[int]] = {}
        for child, above in self.parents.items():
            for position in above:
                children.setdefault(position, []).append(child)
        found: dict[int, int] = {}
        for position in children:
            open_, seen = [position], {position}
            while open_:
                new = [c for c in children.get(open_.pop(), ()) if c not in seen]
                seen.update(new)
                open_ += new
            found[position] = len(seen) - 1
        return found

    def nearest_with(self, id_: str, prefixes: tuple[str, ...]) -> Concept | None:
        """The concept itself or the nearest one above it that carries an id of these prefixes, or None.

        Of several at one distance the one that has the fewest concepts below it, as the most special. A twin (the
        same thing as disease and as finding) counts as the concept itself.

        Examples
        --------
        >>> Vocabulary.default().nearest_with("MONDO:0004781", ("MESH:",)).name  # acute myocardial infarction
        'myocardial infarction'
        """
        start = self._position.get(id_)
        level, seen = [] if start is None else [start], {start}
        while level:
            hits = [position for position in level if self._carries(position, prefixes)]
            if hits:
                return self.concept(min(hits, key=lambda p: (self.sizes.get(p, 0), self.ids[p])))
            above = dict.fromkeys(p for position in level for p in self.parents.get(position, ()))
            level = sorted(p for p in above if p not in seen)
            seen |= set(level)
        return None

    def _carries(self, position: int, prefixes: tuple[str, ...]) -> bool:
        own = [self.ids[position], *(self._xrefs[position] or ())]
        twins = [self._xrefs[p] or () for x in own[1:] if (p := self._position.get(x)) is not None]
        return any(x.startswith(prefixes) for xs in (own, *twins) for x in xs)


def _lists(column: pa.ChunkedArray) -> list[list[str] | None]:
    """Nested lists of a column; empty ones as None. Faster than to_pylist on the nested type."""
    found: list[list[str] | None] = []
    for chunk in column.chunks:
        flat = chunk.flatten().to_pylist()
        lengths = pa.compute.fill_null(pa.compute.list_value_length(chunk), 0).to_numpy(zero_copy_only=False)
        ends = np.cumsum(lengths)
        found += [flat[e - n : e] if n else None for n, e in zip(lengths.tolist(), ends.tolist(), strict=True)]
    return found


@lru_cache(maxsize=1)
def _default_vocabulary() -> Vocabulary:
    try:
        resource = files(SHIPPED)
    except ModuleNotFoundError as error:
        raise UserError(
            "the package holds no vocabulary", "install clinigraph again, or build one: clinigraph knowledge build"
        ) from error
    with as_file(resource) as folder:
        return Vocabulary.from_files(folder)
