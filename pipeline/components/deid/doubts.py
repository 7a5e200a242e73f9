"""Second thoughts about what the tagger alone has found: measurements are no numbers of persons, words are no names."""

from __future__ import annotations

import re

from .identifiers import Identifier, IdentifierKind
from .tokens import fold, word_flags, word_set

_UNIT = re.compile(
    r"\s?(?:mg|mcg|g|kg|ml|cc|cm|mm|m|l|dl|units?|iu|u|meq|mmol|mmhg|%|°|degrees?|hz|fr|french|gauge|lbs?|pounds|"
    r"beats|percentile|bpm|hours?|hrs?|minutes?|min|days?|weeks?|wks?|months?|times|tabs?|tablets?|puffs?|strength|x\d)(?![a-z])",
    re.IGNORECASE,
)
_QUANTITY = re.compile(r"\d+ ?(?:cc|ml|mg|u|units|l)", re.IGNORECASE)
_GRADE = re.compile(r"\d{1,2}\+?\s?(?:/|out of)\s?(?:2|4|5|6|10)(?!\d)")
_CODE_BEFORE = re.compile(
    r"\b(?:cpt|icd|icd-9|icd-10|hcpcs|drg|snomed|loinc|dx|codes?)[ :#]*(?:codes?[ :#]*)?$", re.IGNORECASE
)
_ABBREVIATION_BEFORE = re.compile(r"\b(?!AGE|M|F)[A-Z][A-Za-z]{0,4}\d?[ :=]{1,2}$")
_LEAST_DIGITS = {IdentifierKind.PHONE: 5, IdentifierKind.DATE: 3, IdentifierKind.ID: 2}
_SURE_SCORE = 0.42  # of 0.49, the most that the tagger gives
_FIGURES_ONLY = frozenset(
    {IdentifierKind.PHONE, IdentifierKind.DATE, IdentifierKind.ID, IdentifierKind.ADDRESS, IdentifierKind.LOCATION,
     IdentifierKind.AGE}
)  # fmt: skip


def is_doubtful(item: Identifier, text: str, near_another: bool) -> bool:
    """Whether a finding of the tagger's is rather a measurement or a word.

    Parameters
    ----------
    item
        What the tagger found and no pattern did.
    near_another
        Whether another identifier stands right beside it, as the parts of an address do.

    Examples
    --------
    >>> text = "Strength is 4/5 in the left leg."
    >>> is_doubtful(Identifier(12, 15, IdentifierKind.DATE, 0.8, "tagger"), text, near_another=False)
    True
    """
    shown = text[item.start : item.end]
    if _CODE_BEFORE.search(text[max(0, item.start - 20) : item.start]):
        return True
    if not any(c.isalpha() for c in shown):
        return item.kind in _FIGURES_ONLY and (
            _inside_a_word(item, text) or (not near_another and _is_measurement(item, text, shown))
        )
    words = [fold(word) for word in re.findall(r"[^\W\d_]+", shown)]
    if all(word in word_set("never alone") for word in words):
        return True
    if len(shown) == 1 and (shown.islower() or (not near_another and text[item.end : item.end + 1] != ".")):
        return True  # S/N, A&O, Sex: M
    if _QUANTITY.fullmatch(shown) or (item.kind is IdentifierKind.DATE and _UNIT.match(text, item.end)):
        return True
    if item.kind in _FIGURES_ONLY and re.search(r"\d", shown) and _inside_a_word(item, text):
        return True
    if item.kind is IdentifierKind.ID and re.search(r"\d", shown):
        return bool(_UNIT.match(text, item.end)) or bool(re.fullmatch(r"\d+ U", shown))
    lists = word_flags()
    if shown.islower() and not re.search(r"\d", shown) and all(re.search("w[123]", lists.get(w, "")) for w in words):
        return item.score < _SURE_SCORE or not any(re.search("f[12]|s[12]", lists.get(w, "")) for w in words)
    common = all(
        re.search("w[123]|m", lists.get(word, "")) and not re.search("[fs][12]|[cg]", lists.get(word, ""))
        for word in words
    )
    return common and item.score < _SURE_SCORE and item.kind is not IdentifierKind.DATE


def _is_measurement(item: Identifier, text: str, shown: str) -> bool:
    digits = sum(c.isdigit() for c in shown)
    if digits < _LEAST_DIGITS.get(item.kind, 3) and item.kind is not IdentifierKind.AGE:
        return True
    if "@" in shown or _UNIT.match(text, item.end):
        return True
    after_abbreviation = bool(_ABBREVIATION_BEFORE.search(text[: item.start]))
    if item.kind is IdentifierKind.AGE:
        return after_abbreviation
    if item.kind is IdentifierKind.DATE:
        numbers = [int(number) for number in re.findall(r"\d+", shown)]
        if len(numbers) == 2 and min(numbers) > 12:  # a blood pressure
            return True
        return (
            bool(_GRADE.match(text, item.start)) or (digits == len(shown) == 3) or (digits <= 4 and after_abbreviation)
        )
    return bool(re.fullmatch(r"\d+\.\d+|\d{1,3}", shown)) and item.kind is not IdentifierKind.ADDRESS


def _inside_a_word(item: Identifier, text: str) -> bool:
    """Joined to letters or figures on either side: the 2 of O2, the 30 of 70/30."""
    before, after = text[max(0, item.start - 2) : item.start], text[item.end : item.end + 2]
    return bool(re.search(r"\w$|\d[./]$", before)) or bool(re.match(r"\w|[./]\d", after))
