"""What kind of mistake a wrong mention is: so that figures lead to something to do."""

from __future__ import annotations

from bisect import bisect_left
from collections import Counter
from collections.abc import Iterable
from typing import NamedTuple

from .spans import LabelledSpan


class ErrorKind(NamedTuple):
    """A kind of mistake with the labels concerned; ``ours`` or ``gold`` is empty where there is none.

    ``kind`` is ``missed`` (gold that nothing of ours touches), ``invented`` (ours that touches no gold), ``too short``
    (ours lies in the gold), ``too long``, ``shifted`` (each has something the other lacks), ``other label`` (same
    place), ``other label and place``, ``split`` (a second mention of ours in one of the gold) or ``joined`` (a second
    gold mention in one of ours).
    """

    kind: str
    gold: str
    ours: str


def error_kinds(gold: Iterable[LabelledSpan], predicted: Iterable[LabelledSpan]) -> Counter[ErrorKind]:
    """Sort the differences of one text.

    Each wrong mention is held against one gold mention, the one that it shares most characters with.

    Examples
    --------
    >>> gold = [LabelledSpan(0, 10, "DISEASE"), LabelledSpan(20, 25, "DRUG")]
    >>> kinds = error_kinds(gold, [LabelledSpan(5, 10, "DISEASE"), LabelledSpan(30, 34, "TEST")])
    >>> for kind in sorted(kinds):
    ...     print(tuple(kind))
    ('invented', '', 'TEST')
    ('missed', 'DRUG', '')
    ('too short', 'DISEASE', 'DISEASE')
    """
    wanted, given = set(gold), set(predicted)
    open_gold, open_ours = sorted(wanted - given), sorted(given - wanted)
    all_gold, all_ours = _Index(wanted), _Index(given)
    open_near = _Index(open_ours)
    touching = sorted(
        ((_shared(g, o), g, o) for g in open_gold for o in open_near.touching(g)),
        key=lambda item: (-item[0], item[1].label != item[2].label, item[1], item[2]),
    )
    found: Counter[ErrorKind] = Counter()
    used: set[tuple[str, LabelledSpan]] = set()
    for _, g, o in touching:
        if ("gold", g) in used or ("ours", o) in used:
            continue
        used |= {("gold", g), ("ours", o)}
        found[ErrorKind(_kind(g, o), g.label, o.label)] += 1
    for o in open_ours:
        if ("ours", o) not in used:
            hit = all_gold.closest(o)
            found[ErrorKind("split" if hit else "invented", hit.label if hit else "", o.label)] += 1
    for g in open_gold:
        if ("gold", g) not in used:
            hit = all_ours.closest(g)
            found[ErrorKind("joined" if hit else "missed", g.label, hit.label if hit else "")] += 1
    return found


class _Index:
    """Spans by place: work grows with the spans that touch, not with all."""

    def __init__(self, spans: Iterable[LabelledSpan]) -> None:
        self.spans = sorted(spans)
        self.starts = [span.start for span in self.spans]
        self.longest = max((span.end - span.start for span in self.spans), default=0)

    def touching(self, span: LabelledSpan) -> list[LabelledSpan]:
        first, last = bisect_left(self.starts, span.start - self.longest), bisect_left(self.starts, span.end)
        return [other for other in self.spans[first:last] if _shared(other, span)]

    def closest(self, span: LabelledSpan) -> LabelledSpan | None:
        return max(self.touching(span), key=lambda other: _shared(other, span), default=None)


def _shared(a: LabelledSpan, b: LabelledSpan) -> int:
    return max(0, min(a.end, b.end) - max(a.start, b.start))


def _kind(gold: LabelledSpan, ours: LabelledSpan) -> str:
    if gold[:2] == ours[:2]:
        return "other label"
    if gold.label != ours.label:
        return "other label and place"
    if gold.start <= ours.start and ours.end <= gold.end:
        return "too short"
    if ours.start <= gold.start and gold.end <= ours.end:
        return "too long"
    return "shifted"
