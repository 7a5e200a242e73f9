"""Where mentions begin and end, after clean-up."""

from __future__ import annotations

import pytest
import spacy
from clinigraph.pipeline.components.ner.spans import clean_mentions, clean_span
from clinigraph.pipeline.encoder import TaggedSpan
from hypothesis import given
from hypothesis import strategies as st


@pytest.mark.parametrize(
    ("span", "wanted"),
    [
        ("- Lisinopril", ["Lisinopril"]),
        ("• Metoprolol tartrate,", ["Metoprolol tartrate"]),
        ("1. Aspirin", ["Aspirin"]),
        ("BID\n- Apixaban", ["Apixaban"]),
        ("warfarin\n2) metformin", ["warfarin", "metformin"]),
        ("RHEUMATOLOGY\n\nGCA", ["RHEUMATOLOGY", "GCA"]),
        ("aspirin - bronchospasm", ["aspirin", "bronchospasm"]),
        ("mother - gout", ["gout"]),
        ("Test         Sodium", ["Test", "Sodium"]),
        ("PMH: gout", ["PMH", "gout"]),
        ("atrial\nfibrillation", ["atrial\nfibrillation"]),
        ("dyspnea on\n  exertion", ["dyspnea on\n  exertion"]),
        ("(rash", ["rash"]),
        ("penicillin (hives", ["penicillin"]),
        ("gout) attack", ["attack"]),
        ("(S)-ketamine", ["(S)-ketamine"]),
        ("vitamin D (25-OH)", ["vitamin D (25-OH)"]),
        ("TMP-", ["TMP"]),
        ("K+", ["K+"]),
        ("tingling or", ["tingling"]),
        ("the left arm", ["left arm"]),
        ("no fever", ["fever"]),
        ("hepatitis A", ["hepatitis A"]),
        ("beta-blocker", ["beta-blocker"]),
        ("Crohn's disease", ["Crohn's disease"]),
        ("NO", ["NO"]),
        ("CAP", ["CAP"]),
        ("Mg", ["Mg"]),
        ("mg", []),
        ("No", []),
        ("mcg", []),
        ("BID", []),
        ("Daily", []),
        ("Feels", []),
        ("p.r.n", []),
        ("12.5", []),
        (" - ", []),
        ("()", []),
        ("", []),
    ],
)
def test_what_a_found_span_holds(span: str, wanted: list[str]) -> None:
    text = f"before {span} after"
    assert [text[a:b] for a, b in clean_span(text, 7, 7 + len(span))] == wanted


def test_a_bracket_left_open_is_closed_by_the_text() -> None:
    text = "vitamin D (25-OH) low"
    assert clean_span(text, 0, 16) == [(0, 17)]


def test_no_mention_runs_over_a_sentence_start() -> None:
    nlp = spacy.blank("en")
    nlp.add_pipe("clinigraph_sentences")
    doc = nlp("Lost weight. Edema of both legs.")
    found = clean_mentions(doc, [TaggedSpan(5, 18, "SYMPTOM", 0.9)])
    assert [(doc.text[m.start : m.end], m.label, m.score) for m in found] == [
        ("weight", "SYMPTOM", 0.9),
        ("Edema", "SYMPTOM", 0.9),
    ]


def test_a_saint_ends_no_sentence() -> None:
    nlp = spacy.blank("en")
    nlp.add_pipe("clinigraph_sentences")
    doc = nlp("Takes St. John's wort.")
    assert clean_mentions(doc, [TaggedSpan(6, 21, "DRUG", 1.0)]) == [TaggedSpan(6, 21, "DRUG", 1.0)]


@given(
    text=st.text("aB (-)[]\n.,:1•+of\t", max_size=60),
    ends=st.tuples(st.integers(0, 60), st.integers(0, 60)),
    breaks=st.lists(st.integers(0, 60), max_size=3),
)
def test_clean_spans_are_clean(text: str, ends: tuple[int, int], breaks: list[int]) -> None:
    start, end = sorted(min(e, len(text)) for e in ends)
    last = start
    for one, other in clean_span(text, start, end, breaks):
        assert last <= one < other <= end + 1
        words = text[one:other]
        assert words == words.strip() and any(c.isalpha() for c in words) and "\n\n" not in words
        assert all(not one < at < other for at in breaks)
        last = other
