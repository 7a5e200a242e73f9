"""Which problem a degree word speaks of. Gold in the sentences: [problem|degree], {degree}."""

from __future__ import annotations

import re

import pytest
import spacy
from clinigraph.pipeline.extensions import DETAILS_KEY, register_extensions

register_extensions()
NLP = spacy.blank("en")
NLP.add_pipe("clinigraph_relations")


def read(marked: str) -> tuple[dict[str, str | None], dict[str, str | None]]:
    text, problems, degrees, expected, at = "", [], [], {}, 0
    for match in re.finditer(r"\[([^\]|]+)\|([^\]]*)\]|\{([^}]+)\}", marked):
        text += marked[at : match.start()]
        words = match[1] or match[3]
        (problems if match[1] else degrees).append((len(text), len(text) + len(words)))
        if match[1]:
            expected[words] = match[2] or None
        text += words
        at = match.end()
    doc = NLP.make_doc(text + marked[at:])
    doc.set_ents([doc.char_span(*place, label="SYMPTOM") for place in problems])
    doc.spans[DETAILS_KEY] = [doc.char_span(*place, label="SEVERITY") for place in degrees]
    doc = NLP.get_pipe("clinigraph_relations")(doc)
    return {ent.text: ent._.severity for ent in doc.ents}, expected


@pytest.mark.parametrize(
    "marked",
    [
        "He has {severe} [chest pain|severe] and [nausea|].",
        "{Mild} to {moderate} left [knee pain|Mild to moderate] today.",
        "[Pain|8/10] is {8/10}, [nausea|] is gone.",
        "[Edema|2+]: {2+} in both legs.",
        "There was [tenderness|], and the patient slept. {Severe} weather was forecast.",
        "[Headache|], no fever. {Marked} [fatigue|Marked].",
        "[Cough|] without degree.",
    ],
)
def test_degrees_find_their_problem(marked: str) -> None:
    found, expected = read(marked)
    assert found == expected


def test_the_degree_reaches_the_record() -> None:
    from clinigraph.pipeline.annotating import to_record
    from clinigraph.schemas.annotation import Note

    doc = NLP.make_doc("severe pain")
    doc.set_ents([doc.char_span(7, 11, label="SYMPTOM")])
    doc.spans[DETAILS_KEY] = [doc.char_span(0, 6, label="SEVERITY")]
    note = Note(note_id="n", patient_id="p", text="severe pain")
    doc._.note = note
    record = to_record(NLP.get_pipe("clinigraph_relations")(doc), note)
    assert [mention.severity for mention in record.mentions] == ["severe"]
