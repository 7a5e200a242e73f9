"""From the words of a mention to a concept: lookups first, then back-offs, then n-grams. No spaCy here."""

from __future__ import annotations

import re
import tomllib
from collections import Counter, OrderedDict
from collections.abc import Iterator, Mapping
from functools import lru_cache
from importlib.resources import files
from typing import Any, NamedTuple

from rapidfuzz import fuzz
from rapidfuzz.distance import OSA

from ....schemas.annotation import ConceptLink
from ....schemas.vocabulary import Candidate, Vocabulary, normalise, tokens_of
from .ngrams import NgramIndex

CACHE_SIZE = 50_000
LONGEST = 200  # characters; a longer mention is a recogniser's mistake and is not looked for by n-grams
_PARENTHESES = re.compile(r"\s*[(\[]([^)\]]*)[)\]]\s*")
_PLURAL_ABBREVIATION = re.compile(r"^([A-Z][A-Z0-9]{1,6})s$")
_GROUPS = (
    frozenset({"Disease", "PhenotypicFeature"}),
    frozenset({"Drug", "DrugClass"}),
    frozenset({"LabTest", "Procedure", "AnatomicalEntity"}),
)
PROBLEMS = ("DISEASE", "SYMPTOM")
_OPPOSITES = (("hyper", "hypo"), ("benign", "malignant"), ("brady", "tachy"), ("left", "right"))


@lru_cache(maxsize=1)
def settings() -> dict[str, Any]:
    """Word lists and label costs, see ``linking.toml``; words normalised."""
    data = tomllib.loads(files(__package__).joinpath("linking.toml").read_text(encoding="utf-8"))
    words = {name: frozenset(t for w in listed for t in tokens_of(w)) for name, listed in data["backoff"].items()}
    nouns = {normalise(adjective): normalise(noun) for adjective, noun in data["adjectives"].items()}
    never = {label: frozenset(normalise(w) for w in listed) for label, listed in data["never"].items()}
    both = never.pop("problems_and_drugs")
    never |= {label: never.get(label, frozenset()) | both for label in ("DISEASE", "SYMPTOM", "DRUG")}
    capitals = frozenset(normalise(w) for w in data["capitals_only"]["words"])
    return {
        "labels": data["labels"],
        "adjectives": nouns,
        "never": never,
        "capitals_only": capitals,
        "words": {tokens_of(one)[0]: tokens_of(other) for one, other in data["words"].items()},
        "trouble": frozenset(t for w in data["trouble"]["words"] for t in tokens_of(w)),
        **words,
    }


class Variant(NamedTuple):
    """Another way to look a mention up, and how far a hit on it is trusted."""

    key: str
    method: str
    score: float


class NameLinker:
    """Finds the concept that a mention's words mean.

    Parameters
    ----------
    vocabulary : Vocabulary
    threshold : float
        Least score, 0 to 1, of a match by n-grams. Below it a mention honestly gets no concept.

    Examples
    --------
    >>> linker = NameLinker(Vocabulary.default())
    >>> linker.link("DISEASE", "Cancer, Lung").name
    'lung cancer'
    >>> linker.link("DISEASE", "qwertyuiop") is None
    True
    """

    def __init__(self, vocabulary: Vocabulary, threshold: float = 0.78) -> None:
        self.vocabulary = vocabulary
        self.threshold = threshold
        self._indexes: dict[int, tuple[NgramIndex, list[str]]] = {}
        self._seen: OrderedDict[tuple[str, str, str | None], ConceptLink | None] = OrderedDict()

    def link(self, label: str, text: str, long_form: str | None = None) -> ConceptLink | None:
        """Link one mention.

        Parameters
        ----------
        label
            Label of the mention: DISEASE, DRUG, ... Others are allowed and land on any kind of concept.
        text
            Its words.
        long_form
            What an abbreviation stands for in this note. It goes before the abbreviation itself.
        """
        key = (label, text, long_form)
        if key in self._seen:
            self._seen.move_to_end(key)
            return self._seen[key]
        found = self._link(label, text, long_form)
        self._seen[key] = found
        if len(self._seen) > CACHE_SIZE:
            self._seen.popitem(last=False)
        return found

    def _link(self, label: str, text: str, long_form: str | None) -> ConceptLink | None:
        """By the long form if there is one; a problem by nothing else, for its letters mean something else elsewhere.

        A drug's short form often has a name of its own ("5-FU") where the long form is a chemist's.
        """
        words = long_form or text
        for variant in _variants(label, text, long_form):
            ranked = self._ranked(variant.key, label, words)
            if ranked and not (variant.method == "completed" and self._is_place(words)):
                return self._link_to(ranked, variant, words)
        if len(text) > LONGEST:
            return None
        found = self._meant_by(text, long_form, label) if long_form and label in PROBLEMS else None
        found = found or self._nearest_of(words, label) or self._head_of(words, label)
        return found or (self._nearest_of(text, label) if long_form and label == "DRUG" else None)

    def _is_place(self, words: str) -> bool:
        """Whether the words are a part of the body: "Kidney" is no kidney disease."""
        return any(self.vocabulary.labels[c.concept] == "AnatomicalEntity" for c in self.vocabulary.lookup(words))

    def _meant_by(self, text: str, long_form: str, label: str) -> ConceptLink | None:
        """What the short form means elsewhere, if a name of that concept shares half the words of the long form."""
        wanted = set(tokens_of(long_form))
        ranked = [
            (cost, candidate)
            for cost, candidate in self._ranked(normalise(text), label, text)
            for names in [self.vocabulary.names_of(self.vocabulary.ids[candidate.concept])]
            if any(2 * len(wanted & set(tokens_of(name))) >= len(wanted) for name in names)
        ]
        return self._link_to(ranked, Variant(normalise(text), "abbreviation", 0.9), text) if ranked else None

    def _nearest_of(self, words: str, label: str) -> ConceptLink | None:
        """The near names of the words as they stand, then of the words without qualifiers."""
        tokens = tokens_of(words)
        keys = [normalise(words), *(key for key, _, _ in _stripped(tokens, label, 1.0))]
        for step, key in enumerate(dict.fromkeys(keys)):
            link = self._nearest(key, label, 1.0 if not step else 0.97)
            if link is not None:
                return link
        return None

    def _head_of(self, words: str, label: str) -> ConceptLink | None:
        """The longest end of the words that is a name: "left lower lobe pneumonia" is a pneumonia."""
        tokens = tokens_of(words)
        if label not in ("DISEASE", "SYMPTOM") or not 1 < len(tokens) <= 8 or tokens[-1] in settings()["generic"]:
            return None
        for start in range(1, len(tokens)):
            tail = tokens[start:]
            if len(" ".join(tail)) < 5:
                return None
            ranked = self._ranked(normalise(" ".join(tail)), label, words)
            if ranked and self.vocabulary.labels[ranked[0][1].concept] != "Context":
                return self._link_to(ranked, Variant("", "head", 0.4 + 0.4 * len(tail) / len(tokens)), words)
        return None

    def named(self, label: str, name: str) -> ConceptLink | None:
        """The concept of just this name, evened out but not backed off; no mere relative and no context."""
        ranked = [
            (cost, candidate)
            for cost, candidate in self._ranked(normalise(name), label, name)
            if candidate.kind != "related"
            and self.vocabulary.labels[candidate.concept] != "Context"
            and "susceptibility" not in self.vocabulary.names[candidate.concept]
        ]
        return self._link_to(ranked, Variant("", "composite", 0.95), name) if ranked else None

    def _ranked(self, key: str, label: str, text: str) -> list[tuple[float, Candidate]]:
        """Candidates of a key that the label allows, cheapest first. A name written just so goes before its like."""
        costs: Mapping[str, int] | None = settings()["labels"].get(label)
        if key in settings()["never"].get(label, ()):
            return []
        found = []
        for candidate in self.vocabulary.lookup_key(key):
            concept_label = self.vocabulary.labels[candidate.concept]
            if key in settings()["capitals_only"] and _is_abbreviation(candidate) and candidate.name not in text:
                continue
            if costs is None or concept_label in costs:
                cost = candidate.rank + (costs[concept_label] if costs else 0)
                cost -= 2 if candidate.name == text else 1 if candidate.name.casefold() == text.casefold() else 0
                found.append((cost, candidate))
        return sorted(found, key=lambda pair: (pair[0], self.vocabulary.ids[pair[1].concept]))

    def _link_to(self, ranked: list[tuple[float, Candidate]], variant: Variant, text: str) -> ConceptLink:
        cost, best = ranked[0]
        method, score = variant.method, variant.score
        if method == "normalised" and best.name.casefold() == text.casefold():
            method, score = "exact", 1.0
        if best.kind == "abbreviation" and method == "exact":
            method = "abbreviation"
        if best.kind == "related":
            score *= 0.9
        second = next(((c, b) for c, b in ranked[1:] if b.concept != best.concept), None)
        return self._made(
            best.concept,
            score,
            method,
            None if second is None else (second[1].concept, score * max(0.5, 1 - (second[0] - cost) / 100)),
        )

    def _made(self, concept: int, score: float, method: str, second: tuple[int, float] | None) -> ConceptLink:
        return ConceptLink(
            id=self.vocabulary.ids[concept],
            name=self.vocabulary.names[concept],
            score=round(min(1.0, score), 4),
            method=method,
            runner_up=None if second is None else self.vocabulary.ids[second[0]],
            runner_up_score=None if second is None else round(min(1.0, second[1]), 4),
        )

    # -- n-grams ----------------------------------------------------------------------------------------------

    def _nearest(self, key: str, label: str, factor: float) -> ConceptLink | None:
        """The best of the near names by cosine and edit similarity; none for words too short to be typos."""
        if len(key) < 5:
            return None
        costs: Mapping[str, int] | None = settings()["labels"].get(label)
        scored: dict[int, float] = {}
        for group, labels in enumerate(_GROUPS):
            if costs is not None and not labels & costs.keys():
                continue
            index, keys = self._index(group)
            for position, cosine in index.search(key):
                near = keys[position]
                similarity = _similarity(key, near, cosine) * factor
                if similarity < self.threshold - 0.1:
                    continue
                ranked = self._ranked(near, label, near)
                if ranked:
                    cost, best = ranked[0]
                    score = similarity - cost / 2000
                    scored[best.concept] = max(score, scored.get(best.concept, 0.0))
        order = sorted(scored.items(), key=lambda item: (-item[1], self.vocabulary.ids[item[0]]))
        if not order or order[0][1] < self.threshold:
            return None
        return self._made(order[0][0], order[0][1], "ngram", order[1] if len(order) > 1 else None)

    def _index(self, group: int) -> tuple[NgramIndex, list[str]]:
        if group not in self._indexes:
            keys = self.vocabulary.keys_of_labels(_GROUPS[group])
            self._indexes[group] = (NgramIndex(keys), keys)
        return self._indexes[group]


def _is_abbreviation(candidate: Candidate) -> bool:
    return candidate.kind == "abbreviation" or sum(c.isupper() for c in candidate.name) > 1


def _similarity(key: str, near: str, cosine: float) -> float:
    """Cosine and edit similarity together; 0 if something tells the two apart.

    Told apart by: other numbers or single letters, opposite prefixes, or a word that has no like on the other side.
    """
    a, b = set(key.split()), set(near.split())
    if {t for t in a if len(t) == 1 or t[0].isdigit()} != {t for t in b if len(t) == 1 or t[0].isdigit()}:
        return 0.0
    for one, other in _OPPOSITES:
        if (one in key) != (one in near) and (other in key) != (other in near):
            return 0.0
    odd = sum(not any(_alike(t, u) for u in b) for t in a - b) + sum(not any(_alike(t, u) for u in a) for t in b - a)
    if odd > (0 if min(len(a), len(b)) == 1 else 1):
        return 0.0
    ratio = fuzz.ratio(key, near) / 100
    both = (0.4 * cosine + 0.6 * ratio) * (1 - 0.08 * odd)
    return max(both, 0.95 * ratio) if not odd and len(key) > 6 else both


def _alike(one: str, other: str) -> bool:
    """Two words that a slip of the keyboard may have made of each other, or forms of one word."""
    distance = OSA.distance(one, other, score_cutoff=2)
    shared = next((i for i, (a, b) in enumerate(zip(one, other, strict=False)) if a != b), min(len(one), len(other)))
    longest = max(len(one), len(other))
    if one[0] == other[0] and (distance <= 1 or (distance == 2 and longest > 6 and _nearly_same_letters(one, other))):
        return True
    return shared >= 5 and shared >= 0.7 * longest


def _nearly_same_letters(one: str, other: str) -> bool:
    """True for letters swapped, or one too many: metropolol, not neurotoxicity for nephrotoxicity."""
    left, right = Counter(one), Counter(other)
    return (left - right).total() + (right - left).total() <= 1


def _variants(label: str, text: str, long_form: str | None) -> Iterator[Variant]:
    """Ways to look a mention up, most trusted first; none twice."""
    seen: set[str] = set()
    for key, method, score in _all_variants(label, text, long_form):
        if key and key not in seen:
            seen.add(key)
            yield Variant(key, method, score)


def _all_variants(label: str, text: str, long_form: str | None) -> Iterator[tuple[str, str, float]]:
    if long_form and label == "DRUG":
        yield normalise(long_form), "abbreviation", 0.97
        yield from _all_variants(label, text, None)
    words = long_form or text
    yield normalise(words), "abbreviation" if long_form else "normalised", 0.97 if long_form else 0.98
    plural = _PLURAL_ABBREVIATION.match(words)
    if plural:
        yield normalise(plural[1]), "normalised", 0.96
    outside = _PARENTHESES.sub(" ", words).strip()
    if outside and outside != words:
        yield normalise(outside), "normalised", 0.95
        for inner in _PARENTHESES.findall(words):
            yield normalise(inner), "normalised", 0.9
    noun = settings()["adjectives"].get(normalise(outside or words))
    if noun:
        yield noun, "normalised", 0.92
    yield from _reworded(tokens_of(outside or words), label)
    yield from _stripped(tokens_of(outside or words), label, 0.88 if long_form else 0.9)
    if label in PROBLEMS:
        yield from _as_disease(outside or words)


def _reworded(tokens: list[str], label: str) -> Iterator[tuple[str, str, float]]:
    """Words replaced by those that names use: "HIV-infected" is an HIV infection."""
    other = settings()["words"]
    if label in PROBLEMS and any(t in other for t in tokens):
        yield normalise(" ".join(w for t in tokens for w in other.get(t, (t,)))), "normalised", 0.92


def _as_disease(words: str) -> Iterator[tuple[str, str, float]]:
    """A name cut short ("Von Hippel-Lindau"), and an organ with something wrong ("renal damage"), as a disease."""
    tokens = tokens_of(words)
    if any(word[0].isupper() for word in words.split()) and not words.isupper() and len(words) > 5:
        for noun in ("disease", "syndrome", "disorder"):
            yield normalise(f"{' '.join(tokens)} {noun}"), "completed", 0.85
    kept = [t for t in tokens if t not in settings()["trouble"]]
    if kept and len(kept) < len(tokens):
        for noun in ("disease", "disorder"):
            yield normalise(f"{' '.join(kept)} {noun}"), "general", 0.7


def _stripped(tokens: list[str], label: str, score: float) -> Iterator[tuple[str, str, float]]:
    """The mention without qualifiers, then without weaker ones, then without generic words."""
    known = settings()
    drug = label == "DRUG"
    rounds = ("drug_words", "salts") if drug else ("qualifiers", "generic", "weak_qualifiers")
    dropped: frozenset[str] = frozenset()
    for step, name in enumerate(rounds):
        dropped |= known[name]
        kept = [t for t in tokens if t not in dropped and not (drug and t[0].isdigit())]
        if kept and len(kept) < len(tokens):
            yield normalise(" ".join(kept)), "stripped", score - 0.05 * step
    if not drug and "type" not in tokens:  # "CKD stage 4" is a CKD
        kept = [t for t in tokens if t not in dropped and not t.isdigit()]
        if kept:
            yield normalise(" ".join(kept)), "stripped", score - 0.2
