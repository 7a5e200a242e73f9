"""What the tagger is told of each word: names of the vocabulary, case, gap, guideline."""

from __future__ import annotations

import itertools
from pathlib import Path

import numpy as np
import pytest
from clinigraph.pipeline.components.ner.repeats import with_repeats
from clinigraph.pipeline.encoder import TaggedSpan
from clinigraph.pipeline.encoder.lexicon import BEGIN, INSIDE, NONE, SINGLE, Lexicon, name_words
from clinigraph.pipeline.encoder.word_features import (
    COLUMNS,
    ROWS,
    WordFeatures,
    frame_features,
    multi_hot,
    with_guideline,
    without_names,
)
from clinigraph.schemas.problems import UserError
from hypothesis import given
from hypothesis import strategies as st

DISEASE, SYMPTOM, DRUG = range(3)
LEXICON = Lexicon.build(
    [
        ("Heart failure", "DISEASE"),
        ("Congestive heart failure", "DISEASE"),
        ("failure to thrive", "SYMPTOM"),
        ("Heart", "ANATOMY"),
        ("Crohn's disease", "DISEASE"),
        ("cold", "DISEASE"),
        ("cold", "SYMPTOM"),
        ("2", "DRUG"),
        ("a name that is far too long to be of any use here", "DISEASE"),
    ]
)


def test_the_longest_name_wins_and_labels_do_not_disturb_each_other() -> None:
    found = LEXICON.match(["Congestive", "heart", "failures", "to", "thrive"])
    assert found[:, DISEASE].tolist() == [BEGIN, INSIDE, INSIDE, NONE, NONE]
    assert found[1, 5] == SINGLE  # the heart is a body part all the same
    cold = LEXICON.match(["COLD"])[0]
    assert cold[DISEASE] == cold[SYMPTOM] == SINGLE


def test_names_that_cannot_help_are_left_out() -> None:
    assert len(LEXICON) == 6
    assert not LEXICON.match(["2"]).any()
    assert LEXICON.match(name_words("crohn's disease"))[:, DISEASE].tolist() == [BEGIN, INSIDE, INSIDE, INSIDE]


def test_the_file_is_the_same_for_the_same_names(tmp_path: Path) -> None:
    LEXICON.save(tmp_path / "a.gz")
    again = Lexicon.load(tmp_path / "a.gz")
    again.save(tmp_path / "b.gz")
    assert (tmp_path / "a.gz").read_bytes() == (tmp_path / "b.gz").read_bytes()
    assert np.array_equal(again.match(["cold", "heart"]), LEXICON.match(["cold", "heart"]))


@given(st.lists(st.sampled_from(["heart", "failure", "congestive", "cold", "to", "thrive", "x"]), max_size=12))
def test_names_are_well_formed(words: list[str]) -> None:
    found = LEXICON.match(words)
    assert found.shape == (len(words), 6)
    for column in found.T:
        before = NONE
        for value in column:
            assert value != INSIDE or before in (BEGIN, INSIDE)
            assert not (before == BEGIN and value != INSIDE)
            before = value


def test_features_tell_case_gap_and_guideline() -> None:
    text = "ASA aspirin\nTylenol3 q4h"
    begin, end = [0, 4, 12, 21], [3, 11, 20, 24]
    ours, theirs = (WordFeatures(LEXICON, name)(text, begin, end) for name in ("clinical-notes", "bc5cdr"))
    assert ours.shape == (4, COLUMNS) and ours.max() < ROWS
    assert len({tuple(row) for row in ours}) == 4
    assert np.array_equal(with_guideline(ours, "bc5cdr"), theirs)
    assert not np.array_equal(ours, theirs)
    with pytest.raises(UserError, match="guideline"):
        WordFeatures(LEXICON, "strange")


def test_names_can_be_withheld() -> None:
    text = "heart failure"
    told = WordFeatures(LEXICON)(text, [0, 6], [5, 13])
    untold = WordFeatures(Lexicon({}))(text, [0, 6], [5, 13])
    assert np.array_equal(without_names(told), untold)


def test_padding_tells_nothing() -> None:
    features = WordFeatures(LEXICON)("heart failure", [0, 6], [5, 13])
    framed = np.concatenate([frame_features(features), features])
    hot = multi_hot([framed, framed[:1]], 4)
    assert hot.shape == (2, 4, ROWS)
    assert hot[0, 1].sum() == COLUMNS and hot[0, 0].sum() == 1 and not hot[1, 1:].any()


# --- overlooked repeats ------------------------------------------------------------------------------------------


def test_overlooked_places_of_a_known_name_are_added() -> None:
    text = "Gout. His gout hurts; GOUT again. Gouty. RA, RA, ra."
    found = [TaggedSpan(0, 4, "DISEASE", 0.8), TaggedSpan(10, 14, "DISEASE", 0.6), TaggedSpan(41, 43, "DISEASE", 1.0)]
    added = [span for span in with_repeats(text, found) if span not in found]
    # "Gouty" is another word, "ra" in small letters need not be the disease
    assert added == [TaggedSpan(22, 26, "DISEASE", 0.63), TaggedSpan(45, 47, "DISEASE", 0.9)]


def test_a_name_mostly_passed_over_stays_so() -> None:
    text = "Cold hands, cold feet, cold room. A cold."
    assert with_repeats(text, [TaggedSpan(36, 40, "DISEASE", 0.9)]) == [TaggedSpan(36, 40, "DISEASE", 0.9)]


@given(st.text(alphabet="ab B\n", max_size=60), st.data())
def test_repeats_keep_what_was_found_and_never_overlap(text: str, data: st.DataObject) -> None:
    found, at = [], 0
    while at < len(text):
        start = data.draw(st.integers(at, len(text)))
        end = data.draw(st.integers(start, min(len(text), start + 6)))
        if start < end:
            found.append(TaggedSpan(start, end, data.draw(st.sampled_from(["DRUG", "DISEASE"])), 0.5))
        at = max(end, at + 1)
    every = with_repeats(text, found)
    assert set(found) <= set(every)
    assert all(a.end <= b.start for a, b in itertools.pairwise(every))
    assert {text[s.start : s.end].lower() for s in every} == {text[s.start : s.end].lower() for s in found}
