"""Words of questions and of diagnoses as concepts, for the evaluation of diagnosis."""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import cached_property

from ...schemas.vocabulary import Vocabulary, normalise
from .view import KnowledgeView

Link = Callable[[str, str], str | None]  # (words, DISEASE or SYMPTOM) -> concept id
_LABELS = {"DISEASE": ("Disease", "PhenotypicFeature"), "SYMPTOM": ("PhenotypicFeature", "Disease")}
_LONGEST = 6
# a location of pain is a finding of its own: "chest" + "pain"
_LOCATED = re.compile(r"\b(pain|swelling|rash|itching|lesions?|redness)\b", re.IGNORECASE)
_RELATIVE = re.compile(
    r"\b(family members?|members? of your (?:immediate )?family|mother|contact with)\b", re.IGNORECASE
)
_SIDE = re.compile(r"\((?:[LR]|left|right)\)|\b(?:left|right|side|both)\b", re.IGNORECASE)


class Names:
    """Looks words up: names of the view first, then the vocabulary, then the linker that was given.

    Parameters
    ----------
    view
        Concepts that count; others are as good as unknown.
    vocabulary
        Names and synonyms, if there are any.
    link
        Called as ``link(words, label)`` for whole names that neither knows.
    """

    def __init__(self, view: KnowledgeView, vocabulary: Vocabulary | None = None, link: Link | None = None) -> None:
        self.view = view
        self.vocabulary = vocabulary
        self.link = link
        self._answers: dict[tuple[str, str], tuple[str, ...]] = {}

    @cached_property
    def _by_name(self) -> dict[str, dict[str, str]]:
        index: dict[str, dict[str, str]] = {}
        for concept, name in sorted(self.view.names.items()):
            index.setdefault(self.view.labels[concept], {}).setdefault(normalise(name), concept)
        return index

    def is_disease(self, concept: str) -> bool:
        """True for a disease that is no finding as well."""
        return self.view.labels.get(concept) == "Disease" and concept not in self.view.finding_index

    def find(self, words: str, label: str) -> list[str]:
        """Concepts that bear this very name, best first."""
        key = normalise(words)
        own = [self._by_name.get(kind, {}).get(key) for kind in _LABELS[label]]
        found = [concept for concept in own if concept]
        if self.vocabulary is not None:
            for candidate in self.vocabulary.lookup_key(key):
                if candidate.kind == "abbreviation" and words.islower():
                    continue  # "ever" is not EVER
                concept = self.vocabulary.concept(candidate.concept)
                if concept.label in _LABELS[label] and concept.id in self.view.names:
                    found.append(concept.id)
        return list(dict.fromkeys(found))

    def diagnosis(self, name: str) -> list[str]:
        """Concepts that a diagnosis in words may mean: as a whole, else its parts ("NSTEMI / STEMI")."""
        whole = self.find(name, "DISEASE") or self._linked(name)
        if whole:
            return whole
        parts = [p.strip() for p in re.split(r"[/();,]| or | and ", name) if len(p.strip()) > 2]
        return list(dict.fromkeys(c for part in parts for c in self.find(part, "DISEASE") or self._linked(part)))

    def _linked(self, name: str) -> list[str]:
        concept = self.link(name, "DISEASE") if self.link else None
        return [concept] if concept and concept in self.view.names else []

    def in_answer(self, question: str, values: list[str]) -> list[str]:
        """Findings in an answered question: located ones by their value, else those that the question names."""
        if _RELATIVE.search(question):
            return []
        located = _LOCATED.search(question)
        if values and located:
            noun = located.group(1).lower().rstrip("s")
            places = (_SIDE.sub(" ", value).strip() for value in values)
            found = [c for place in places for c in self._located(place, noun)]
            if found:
                return found
        if values and not located:
            return []  # a colour, a number, a country: says nothing by itself
        return list(self._in_words(question))

    def _located(self, place: str, noun: str) -> list[str]:
        for words in (f"{place} {noun}", f"{noun} of {place}", f"{place.split()[-1] if place else ''} {noun}"):
            found = self._usable(words)
            if found:
                return [found]
        return []

    def _in_words(self, text: str) -> tuple[str, ...]:
        """Longest names in a text, left to right, without overlap."""
        key = (text, "SYMPTOM")
        if key not in self._answers:
            words = re.findall(r"[\w’'-]+", text)
            found, at = [], 0
            while at < len(words):
                for length in range(min(_LONGEST, len(words) - at), 0, -1):
                    phrase = " ".join(words[at : at + length])
                    concept = self._usable(phrase) if len(phrase) > 3 else None
                    if concept:
                        found.append(concept)
                        at += length - 1
                        break
                at += 1
            self._answers[key] = tuple(dict.fromkeys(found))
        return self._answers[key]

    def _usable(self, words: str) -> str | None:
        """First concept of this name that some disease shows, or that is a ranked disease."""
        for concept in self.find(words, "SYMPTOM"):
            if concept in self.view.finding_index or concept in self.view.disease_index:
                return concept
        return None
