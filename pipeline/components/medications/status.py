"""What is being done with a drug: started, stopped, held, changed, taken."""

from __future__ import annotations

import re
from typing import Literal

from .lexicon import lexicon

Status = Literal["active", "started", "stopped", "held", "changed", "allergy", "unknown"]
LIST_GAP = re.compile(r"[\s,;/&+()-]*(?:(?:and|or|plus|as well as|along with|\d{1,2}[.)])[\s,]*)*")
SENTENCE_END = re.compile(r"[.!?](?=\s+[A-Z]|\s*$)|\n\s*\n|;")
_SWITCH = re.compile(r"(?:switch|chang|transition|convert)\w*\s[^.;\n]{0,20}$")
_NEGATED = re.compile(
    r"(?<![^\W_])(?:not?|never|without|don.t|do not|rather than|instead of|avoid|if|consider|could|may|would|should)\s(?:\w+\s)?$"  # noqa: E501
)
_NOT_CUES = re.compile(r"(?:based|rash|effects?|focused|later|ongoing|allergy|dependent|reliance|put)\s$")


def sentence_start(text: str, start: int, end: int) -> int:
    """Where the last sentence before ``end`` begins, not before ``start``."""
    last = start
    for match in SENTENCE_END.finditer(text, start, end):
        last = match.end()
    return last


def status_before(text: str, folded: str, start: int, end: int) -> Status | None:
    """Status that the words before a drug give it; the last cue decides."""
    begin = sentence_start(text, max(start, end - 120), end)
    found: Status | None = None
    for match in lexicon().status_before.finditer(folded, begin, end):
        lead = folded[max(begin, match.start() - 25) : match.start()]
        if match[0] == "on" and (_NOT_CUES.search(lead) or len(text[match.end() : end].split()) > 6):
            continue
        found = _status(match)
        if _NEGATED.search(lead) and found in ("started", "active", "changed"):
            found = "unknown" if found != "active" else "stopped" if "not" in lead else "unknown"
    return found


def status_after(text: str, folded: str, start: int, end: int) -> tuple[Status, bool] | None:
    """Status that the words after a drug give it, and whether the verb is plural ("were held")."""
    stop = SENTENCE_END.search(text, start, end)
    match = lexicon().status_after.search(folded, start, min(stop.start() if stop else end, start + 90))
    if match is None or re.search(
        r"(?<![^\W_])(?:not|never)\s\w*\s?$", folded[max(start, match.start() - 12) : match.start()]
    ):
        return None
    return _status(match), match[0].startswith(("were", "have", "are"))


def is_switch(folded: str, start: int, drug_start: int) -> bool:
    """True before the X of "switched X to Y"."""
    return _SWITCH.search(folded[max(start, drug_start - 40) : drug_start]) is not None


def _status(match: re.Match[str]) -> Status:
    return match.lastgroup or "unknown"  # type: ignore[return-value]
