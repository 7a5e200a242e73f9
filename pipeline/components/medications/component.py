"""Attach to every drug mention how it is taken, and find allergies."""

from __future__ import annotations

import re
from bisect import bisect_right
from pathlib import Path
from typing import Any

from spacy.language import Language
from spacy.tokens import Doc, Span

from ....schemas.annotation import Label, MedicationDetail
from ...extensions import add_mentions, doc_text, mention_spans, register_extensions, remove_mentions
from ..matching import fold
from .allergies import Allergy, listed, stated, within
from .headings import Area, areas
from .lexicon import drug_names, lexicon
from .sig import Part, detail_fields, parts_after, parts_before
from .status import LIST_GAP, Status, is_switch, status_after, status_before

EXTRACTOR = "clinigraph_medications 1"
PARTS_KEY = ("clinigraph", "medication_parts")
MAX_REACH = 220  # characters after a drug in which its prescription may stand
_SAME_DRUG = re.compile(r"\s*[/+()\[\]-]\s*(?:brand\s|generic\s)?\s*|\s*,?\s*(?:also known as|aka|i\.e\.)\s*")
_ITEM = re.compile(r"(?:[^\n,;.]|\.(?!\s|,)|,(?=\d{3}))+")
_PROPOSED = re.compile(
    r"(?<![^\W_])(?:consider\w*|could|may|might|would|should|recommend\w*|if|suggest\w*|versus|vs|no|not|never)(?![^\W_])[^.;\n]{0,40}$"
)
_SIG_GAP = re.compile(r"[\s,:()-]{0,4}(?:\([^()\n]{0,12}\)\s?)?")
_TAKING = re.compile(
    r"(?<![^\W_])(?:us(?:e[sd]?|ing)|tak(?:es?|ing)|cont(?:inu(?:e[sd]?|ing))?\.?|(?:re)?start(?:ed|ing)?|add(?:ed)?|stop(?:ped)?|"
    r"drops?|meds|d/c|increase|decrease|try|resume|off|instill\w*)[\s:]{1,3}$"
)
_MARKER = re.compile(r"[\s,]*(?:\d{1,2}[.)]|[-*•])?\s*")
_NAME = re.compile(
    r"(?P<name>[A-Z][A-Za-z][\w'-]*(?:[ /-][A-Za-z][\w'-]*){0,3}?)[\s,:-]+(?:\d{1,3}/\d{1,3}\s+)?(?=\(?\d)"
)
_NO_NAME = re.compile(
    r"(?i)(?:take|start|stop|hold|continue|the|patient|he|she|sig|dispense|refills?|date|page|dr|for|and|with|on|at|in|one|two|"
    r"increase|decrease|resume|give|apply|use|day|week|total|dose|tablets?|capsules?|number|phone|tel)\b"
)


class MedicationReader:
    """Read dose, strength, form, route, frequency, duration, reason and status of each DRUG mention, and allergies.

    The stretch between a drug and the next one (or the end of its sentence or line) is read with one expression;
    "40 mg of", "IV" and the like right before a drug belong to it. Names of one thing ("dorzolamide/timolol",
    "furosemide (Lasix)") share a prescription. Status follows the verbs around the drug, carried along lists
    ("hold lisinopril and metformin"), else the heading: drugs of a medication list are active. ``dose_value`` is in
    ``dose_unit``, a name that :func:`.dosing.dose_registry` understands; ``frequency_per_day`` of a range is the most
    often. Words and patterns stand in the data files of this folder.

    Drugs of a medication list and substances of an allergy list that nobody marked get a DRUG mention. An allergy
    sets ``span._.allergy`` and the status "allergy".

    Parameters
    ----------
    nlp
        The pipeline.
    name
        Name of the component.

    Notes
    -----
    Measured on text/glaucoma-med dev, strict spans (rules and names written with its training part in view; the dev
    part was scored four times):

    ============================================  ========  =========  =============
    ``clinigraph evaluate medications`` ...       DRUG F1   ROUTE F1   FREQUENCY F1
    ============================================  ========  =========  =============
    ``--gold-drugs`` (n = 149, 99, 117)                       .990       .962
    end to end, tagger of 0.1.0                     .912      .950       .944
    end to end, masked names counted too            .889      .936       .944
    ============================================  ========  =========  =============

    ``drug_names.csv`` holds names and shorthand of eye clinics that taggers miss ("PFAT", "dorz/tim", "lat"): some
    count anywhere, some only beside words that say how a drug is taken. Speed: about 1.3 ms a note of MTSamples.

    Examples
    --------
    >>> import spacy
    >>> nlp = spacy.blank("en")
    >>> nlp.add_pipe("entity_ruler").add_patterns([{"label": "DRUG", "pattern": "Lasix"}])
    >>> _ = nlp.add_pipe("clinigraph_medications")
    >>> detail = nlp("Started Lasix 40 mg po bid for edema.").ents[0]._.medication
    >>> detail.status, detail.dose_value, detail.dose_unit, detail.frequency_per_day, detail.reason
    ('started', 40.0, 'milligram', 2.0, 'edema')
    """

    def __init__(self, nlp: Language, name: str = "clinigraph_medications") -> None:
        register_extensions()
        self.name = name

    def __call__(self, doc: Doc) -> Doc:
        """Annotate a Doc."""
        text = doc_text(doc)
        folded = fold(text)
        lists = areas(doc)
        _add_named(doc, text, folded)
        drugs = [span for span in mention_spans(doc) if span.label_ == Label.DRUG]
        new = _unmarked(doc, text, folded, [a for a in lists if a.kind == "medications"], drugs)
        allergies = _allergies(text, folded, lists, drugs)
        starts = [span.start_char for span in drugs]
        missed = [a for a in allergies if not _covering(drugs, starts, a)]
        new += [span for a in missed if (span := _span(doc, a.start, a.end)) is not None]
        if new:
            add_mentions(doc, new)
            drugs = [span for span in mention_spans(doc) if span.label_ == Label.DRUG]
        _data(doc)[PARTS_KEY] = _describe(text, folded, drugs, lists)
        starts = [span.start_char for span in drugs]
        for allergy in allergies:
            for span in _covering(drugs, starts, allergy):
                span._.allergy = allergy.detail
                span._.medication = MedicationDetail(status="allergy")
        return doc

    def to_disk(self, path: str | Path, exclude: Any = ()) -> None:
        """Nothing to save: the tables come with the package."""

    def from_disk(self, path: str | Path, exclude: Any = ()) -> MedicationReader:
        """Nothing to load."""
        return self


def _add_named(doc: Doc, text: str, folded: str) -> None:
    """Mark the drugs of ``drug_names.csv`` that nobody marked; a longer name takes the place of its parts."""
    names = drug_names()
    found = [(m.start(), m.end()) for m in names.always.finditer(folded)]
    shorthand = [
        *names.sig.finditer(folded),
        *(m for m in names.capitals.finditer(folded) if text[m.start()].isupper()),
    ]
    found += [(m.start(), m.end()) for m in shorthand if _is_prescribed(folded, m.start(), m.end())]
    if not found:
        return
    known = [(s.start_char, s.end_char, s.label_) for s in mention_spans(doc)]
    drugs = sorted((start, end) for start, end, label in known if label == Label.DRUG)
    kept: list[tuple[int, int]] = []
    for start, end in sorted(found, key=lambda place: (place[0] - place[1], place)):
        near = [d for d in drugs if d[0] < end and start < d[1]]
        if any(not (start <= d[0] and d[1] <= end) or d == (start, end) for d in near):
            continue  # marked as it is, or as part of something longer
        if len(near) > 1:
            continue  # the parts of a combination, each with its own concept
        if any(s < end and start < e for s, e in kept):
            continue
        kept.append((start, end))
    replaced = {d for d in drugs for start, end in kept if start <= d[0] and d[1] <= end}
    if replaced:
        remove_mentions(doc, [s for s in mention_spans(doc) if (s.start_char, s.end_char) in replaced])
    add_mentions(doc, [span for place in sorted(kept) if (span := _span(doc, *place)) is not None])


def _is_prescribed(folded: str, start: int, end: int) -> bool:
    """True if words that say how a drug is taken stand beside it: "AT qid", "using pred", "cont. lat ou"."""
    if lexicon().attribute.match(folded, start):
        return False  # "AT HS" is a time
    gap = _SIG_GAP.match(folded, end)
    after = lexicon().attribute.match(folded, gap.end() if gap else end)
    if after is not None and after.lastgroup in ("frequency", "prn", "route", "quantity", "count", "form"):
        return True
    return _TAKING.search(folded, max(0, start - 25), start) is not None


def _span(doc: Doc, start: int, end: int) -> Span | None:
    span = doc.char_span(start, end, label=Label.DRUG, alignment_mode="expand")
    if span is not None and not span._.extractor:
        span._.extractor = EXTRACTOR
    return span


def _covering(drugs: list[Span], starts: list[int], allergy: Allergy) -> list[Span]:
    near = drugs[max(0, bisect_right(starts, allergy.start) - 4) : bisect_right(starts, allergy.end)]
    return [span for span in near if span.start_char < allergy.end and allergy.start < span.end_char]


def _allergies(text: str, folded: str, lists: list[Area], drugs: list[Span]) -> list[Allergy]:
    places = sorted({(span.start_char, span.end_char) for span in drugs})
    found: dict[tuple[int, int], Allergy] = {}
    for area in lists:
        if area.kind == "allergies":
            for allergy in listed(text, folded, area.start, area.end, places):
                found.setdefault(allergy[:2], allergy)
    for allergy in stated(text, folded, places):
        known = found.get(allergy[:2])
        if known is None or known.detail.reaction is None:
            found[allergy[:2]] = allergy
    return sorted(found.values(), key=lambda a: a[:2])


def _unmarked(doc: Doc, text: str, folded: str, lists: list[Area], drugs: list[Span]) -> list[Span]:
    """Drugs of medication lists that nobody marked: a name at the start of a line, then a dose."""
    taken = sorted((span.start_char, span.end_char) for span in drugs)
    found: list[Span] = []
    for area in lists:
        for line in _ITEM.finditer(text, area.start, area.end):
            start = line.start()
            marker = _MARKER.match(text, start, line.end())
            name = _NAME.match(text, marker.end() if marker else start, line.end())
            if name is None or _NO_NAME.match(name["name"]) or within(taken, line.start(), line.end()):
                continue
            dose = lexicon().attribute.match(folded, name.end() + text.startswith("(", name.end()))
            if dose is None or dose.lastgroup not in ("quantity", "count"):
                continue
            if (span := _span(doc, name.start("name"), name.end("name"))) is not None:
                found.append(span)
    return found


def _groups(text: str, drugs: list[Span]) -> list[list[Span]]:
    """Neighbouring mentions that are names of one thing, or parts of one combination."""
    groups: list[list[Span]] = []
    for span in drugs:
        if groups:
            end = max(s.end_char for s in groups[-1])
            if span.start_char < end or (len(groups[-1]) < 6 and _SAME_DRUG.fullmatch(text, end, span.start_char)):
                groups[-1].append(span)
                continue
        groups.append([span])
    return groups


def medication_parts(doc: Doc) -> list[tuple[str, int, int]]:
    """Where the words stand that say how the drugs of a Doc are taken: (kind, start, end) in characters.

    Kinds are those of :mod:`.sig`: quantity, count, route, frequency, prn, prn_reason, form, duration, reason.

    Examples
    --------
    >>> import spacy
    >>> nlp = spacy.blank("en")
    >>> nlp.add_pipe("entity_ruler").add_patterns([{"label": "DRUG", "pattern": "Lasix"}])
    >>> _ = nlp.add_pipe("clinigraph_medications")
    >>> medication_parts(nlp("Lasix 40 mg po bid"))
    [('quantity', 6, 11), ('route', 12, 14), ('frequency', 15, 18)]
    """
    return [tuple(row) for row in _data(doc).get(PARTS_KEY, ())]  # a stored Doc gives lists


def _data(doc: Doc) -> dict[Any, Any]:
    return doc.user_data  # type: ignore[return-value]


def _describe(text: str, folded: str, drugs: list[Span], lists: list[Area]) -> list[tuple[str, int, int]]:
    """Set the details of every drug; return the parts they came from."""
    groups = _groups(text, drugs)
    bounds = [(min(s.start_char for s in g), max(s.end_char for s in g)) for g in groups]
    before = _parts_before(text, folded, bounds)
    details: list[tuple[list[Part], int]] = []
    for i, (_, end) in enumerate(bounds):
        limit = bounds[i + 1][0] if i + 1 < len(bounds) else len(text)
        if i + 1 < len(bounds) and before[i + 1]:
            limit = before[i + 1][0].start
        limit = min(limit, _reach(text, folded, end), end + MAX_REACH)
        start = end + 1 if text.startswith(")", end) else end
        after = parts_after(text, folded, start, max(limit, start))
        details.append((before[i] + after, after[-1].end if after else end))
    starts = [chain[0].start if chain else start for chain, (start, _) in zip(before, bounds, strict=True)]
    statuses = _statuses(text, folded, bounds, starts, [end for _, end in details])
    active = [a for a in lists if a.kind == "medications"]
    for group, (start, _), (parts, _), status in zip(groups, bounds, details, statuses, strict=True):
        fields = detail_fields(text, parts)
        if status is None:
            listed_here = any(a.start <= start < a.end for a in active)
            status = "active" if listed_here or _is_taken(folded, start, fields) else "unknown"
        detail = MedicationDetail(status=status, **fields)
        for span in group:
            span._.medication = detail
    return [(part.kind, part.start, part.end) for parts, _ in details for part in parts]


def _is_taken(folded: str, start: int, fields: dict[str, Any]) -> bool:
    """A drug with a frequency is being taken, unless the words before only propose it."""
    return "frequency_per_day" in fields and not _PROPOSED.search(folded[max(0, start - 60) : start])


def _parts_before(text: str, folded: str, bounds: list[tuple[int, int]]) -> list[list[Part]]:
    found: list[list[Part]] = []
    for i, (start, _) in enumerate(bounds):
        floor = max(bounds[i - 1][1] if i else 0, text.rfind("\n", max(0, start - 80), start) + 1)
        chain = parts_before(text, folded, floor, start)
        # "aspirin 81 mg daily lisinopril": what hangs directly on the drug before is that drug's
        if chain and i and floor == bounds[i - 1][1] and not _is_own(text, floor, chain, start):
            chain = []
        found.append(chain)
    return found


def _is_own(text: str, floor: int, chain: list[Part], start: int) -> bool:
    if re.search(r"\bof\s+(?:the\s+)?$", text[chain[-1].end : start]):
        return True
    lead = text[floor : chain[0].start]
    return re.search(
        r"(?:[,;.:]|\b(?:and|with|on|given|received|started|then|plus|to|or|by|took|also|continue|of)\b)\s*$",
        lead,
        re.IGNORECASE,
    ) is not None and not re.search(r"\d", text[chain[0].start : chain[-1].end])


def _reach(text: str, folded: str, end: int) -> int:
    """End of the line, or of the next if that goes on with the prescription."""
    newline = text.find("\n", end, end + MAX_REACH)
    if newline < 0:
        return min(len(text), end + MAX_REACH)
    body = newline + 1
    while body < min(len(text), newline + 40) and text[body] in " \t":
        body += 1
    if lexicon().continuation.match(folded, newline + 1) or lexicon().attribute.match(folded, body):
        following = text.find("\n", body, body + MAX_REACH)
        return min(len(text), body + MAX_REACH) if following < 0 else following
    return newline


def _statuses(
    text: str, folded: str, bounds: list[tuple[int, int]], starts: list[int], ends: list[int]
) -> list[Status | None]:
    found: list[Status | None] = []
    after: list[tuple[Status, bool] | None] = []
    gaps = [text[ends[i - 1] : start].lower() if i else "" for i, start in enumerate(starts)]
    for i, (start, end) in enumerate(bounds):
        floor = bounds[i - 1][1] if i else 0
        status = status_before(text, folded, max(floor, start - 200), start)
        if status is None and i and LIST_GAP.fullmatch(gaps[i]):
            status = found[i - 1]
        elif i and gaps[i].strip() in ("to", "for", "with") and is_switch(folded, 0, bounds[i - 1][0]):
            found[i - 1], status = "stopped", "started"
        elif i and gaps[i].strip() == "to" and found[i - 1] == "stopped":
            status = "started"
        found.append(status)
        after.append(status_after(text, folded, end, bounds[i + 1][0] if i + 1 < len(bounds) else len(text)))
    for i in range(len(bounds) - 1, -1, -1):
        own = after[i]
        if own is not None:
            found[i] = own[0]
        elif i + 1 < len(bounds) and (later := after[i + 1]) and later[1] and LIST_GAP.fullmatch(gaps[i + 1]):
            found[i], after[i] = later[0], later
    return found
