"""The linker on the strings that notes hold, and as a spaCy component."""

from __future__ import annotations

import csv
import pickle
import re
from fnmatch import fnmatch
from importlib.resources import as_file, files
from pathlib import Path

import pytest
import spacy
from clinigraph.pipeline.components.linker.component import ConceptLinker
from clinigraph.pipeline.components.linker.conventions import GUIDELINES, GuidedLinker, Learned, learned_rows
from clinigraph.pipeline.components.linker.definitions import defined_forms
from clinigraph.pipeline.components.linker.matching import NameLinker
from clinigraph.pipeline.components.linker.ngrams import NgramIndex
from clinigraph.schemas.annotation import ConceptLink
from clinigraph.schemas.problems import UserError
from clinigraph.schemas.vocabulary import Vocabulary
from hypothesis import given, settings
from hypothesis import strategies as st
from spacy.language import Language
from spacy.tokens import Span

PAIRS = list(csv.DictReader((Path(__file__).parent / "linking_pairs.csv").open(encoding="utf-8")))


@pytest.fixture(scope="module")
def linker() -> NameLinker:
    return NameLinker(Vocabulary.default())


@pytest.fixture
def nlp() -> Language:
    nlp = spacy.blank("en")
    nlp.add_pipe("clinigraph_linker")
    return nlp


def linked(nlp: Language, text: str, words: str, label: str) -> ConceptLink | None:
    doc = nlp.make_doc(text)
    span = doc.char_span(text.index(words), text.index(words) + len(words), label=label)
    assert span is not None
    doc.ents = [span]
    return nlp.get_pipe("clinigraph_linker")(doc).ents[0]._.concept


@pytest.mark.parametrize("row", PAIRS, ids=[f"{r['label']}: {r['text']}" for r in PAIRS])
def test_common_strings_land_where_they_belong(row: dict[str, str], linker: NameLinker) -> None:
    link = linker.link(row["label"], row["text"])
    assert link is not None, "no concept"
    assert any(fnmatch(link.id, pattern) for pattern in row["ids"].split("|")), link


@pytest.mark.parametrize(
    ("label", "text"),
    [
        ("DISEASE", "qwertyuiop zxcvb"),
        ("DRUG", "the usual ones"),
        ("DISEASE", ""),
        ("SYMPTOM", "???"),
        ("DRUG", "headache"),
        ("DISEASE", "发烧"),
        ("TEST", "x" * 300_000),
    ],
)
def test_what_means_nothing_gets_no_concept(label: str, text: str, linker: NameLinker) -> None:
    assert linker.link(label, text) is None


@pytest.mark.parametrize(
    ("label", "one", "other"),
    [
        ("DISEASE", "hepatitis B", "hepatitis C"),
        ("DISEASE", "hypothyroidism", "hyperthyroidism"),
        ("DRUG", "hydroxyzine", "hydralazine"),
        ("DRUG", "prednisone", "prednisolone"),
        ("DRUG", "clonidine", "clonazepam"),
        ("DISEASE", "type 1 diabetes", "type 2 diabetes"),
    ],
)
def test_lookalikes_stay_apart(label: str, one: str, other: str, linker: NameLinker) -> None:
    first, second = linker.link(label, one), linker.link(label, other)
    assert first and second and first.id != second.id


def test_the_notes_own_long_form_goes_first(linker: NameLinker) -> None:
    alone = linker.link("DISEASE", "RA")
    defined = linker.link("DISEASE", "RA", "refractory anemia")
    assert alone and defined and alone.id != defined.id
    assert defined.method == "abbreviation"


def test_an_undefined_meaning_of_a_defined_short_form_does_not_count(linker: NameLinker) -> None:
    assert linker.link("DISEASE", "CIN") is not None  # cervical intraepithelial neoplasia
    kidney = linker.link("DISEASE", "CIN", "contrast media-induced nephropathy")
    assert kidney is None or "cervi" not in kidney.name
    shared = linker.link("DISEASE", "SAH", "aneurysmal subarachnoid haemorrhage")
    assert shared is not None and "subarachnoid" in shared.name.lower()


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("Von Hippel-Lindau", "von Hippel-Lindau disease"),
        ("Lesch-Nyhan", "Lesch-Nyhan syndrome"),
        ("cardiac dysfunction", "heart disorder"),
        ("hepatic damage", "liver disorder"),
        ("HIV-infected", "HIV infectious disease"),
    ],
)
def test_names_cut_short_and_organs_in_trouble(text: str, wanted: str, linker: NameLinker) -> None:
    link = linker.link("DISEASE", text)
    assert link is not None and link.name == wanted and link.score < 1


@pytest.mark.parametrize(("label", "text"), [("SYMPTOM", "afebrile"), ("DISEASE", "Left lung"), ("DISEASE", "Kidney")])
def test_no_finding_and_no_place_becomes_a_disease(label: str, text: str, linker: NameLinker) -> None:
    assert linker.link(label, text) is None


def test_a_label_prefers_its_kind_and_takes_the_other(linker: NameLinker) -> None:
    as_disease, as_symptom = linker.link("DISEASE", "pneumonia"), linker.link("SYMPTOM", "pneumonia")
    assert as_disease and as_symptom
    assert as_disease.id.startswith("MONDO:") and as_symptom.id.startswith("HP:")
    assert as_disease.runner_up == as_symptom.id
    assert as_disease.runner_up_score is not None and as_disease.runner_up_score <= as_disease.score
    assert linker.link("Chemical", "aspirin") is not None  # other people's labels land anywhere


@settings(max_examples=60, deadline=None)
@given(text=st.text(max_size=40), label=st.sampled_from(["DISEASE", "DRUG", "TEST", "OTHER"]))
def test_any_text_is_taken_and_answers_repeat(text: str, label: str) -> None:
    vocabulary = Vocabulary.default()
    first = NameLinker(vocabulary)
    first._indexes = _shared_indexes(vocabulary)
    once = first.link(label, text)
    assert once == first.link(label, text)
    assert once is None or (0 < once.score <= 1 and vocabulary.by_id(once.id) is not None)


_INDEXES: dict = {}


def _shared_indexes(vocabulary: Vocabulary) -> dict:
    if not _INDEXES:
        linker = NameLinker(vocabulary)
        for group in range(3):
            linker._index(group)
        _INDEXES.update(linker._indexes)
    return _INDEXES


def test_two_linkers_agree(linker: NameLinker) -> None:
    other = NameLinker(Vocabulary.default())
    for row in PAIRS[::3]:
        assert linker.link(row["label"], row["text"]) == other.link(row["label"], row["text"])


def test_the_cache_is_bounded(linker: NameLinker, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("clinigraph.pipeline.components.linker.matching.CACHE_SIZE", 3)
    own = NameLinker(linker.vocabulary)
    for text in ("asthma", "gout", "stroke", "sepsis", "asthma"):
        own.link("DISEASE", text)
    assert len(own._seen) == 3


@settings(max_examples=60, deadline=None)
@given(st.lists(st.text("abcdef ", min_size=3, max_size=12), min_size=1, max_size=20, unique=True))
def test_a_name_is_its_own_nearest(names: list[str]) -> None:
    index = NgramIndex(names)
    for position, name in enumerate(names):
        found = dict(index.search(name, len(names)))
        assert found.get(position, 0) >= max(found.values(), default=0) - 1e-4


@pytest.mark.parametrize(
    ("label", "text"),
    [
        ("DRUG", "smoker"),
        ("DRUG", "No"),
        ("DISEASE", "Community-acquired"),
        ("DISEASE", "soft"),
        ("SYMPTOM", "new pair of glasses"),
        ("SYMPTOM", "discharge"),
        ("DISEASE", "all"),
        ("DISEASE", "as"),
        ("DISEASE", "Ms."),
        ("TEST", "pt"),
    ],
)
def test_english_words_are_no_abbreviations(label: str, text: str, linker: NameLinker) -> None:
    assert linker.link(label, text) is None


# -- what stands around --------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "words", "label", "wanted"),
    [
        ("SpO2 87% on RA.", "RA", "DISEASE", None),
        ("Saturation 94% RA at rest", "RA", "DISEASE", None),
        ("Methotrexate for RA since 2011", "RA", "DISEASE", "MONDO:0008383"),
        ("PE: lungs clear", "PE", "DISEASE", None),
        ("CT shows a PE on the left", "PE", "DISEASE", "MONDO:0005279"),
        ("Denies CP, SOB", "CP", "SYMPTOM", "HP:0100749"),
        ("Abdomen soft, BS present", "BS", "DISEASE", None),
        ("Vision 20/40 OD, 20/20 OS", "OD", "DISEASE", None),
        ("Severe AS with AVA 0.8", "AS", "DISEASE", "MONDO:0042981"),
        ("h/o breast ca, 2009", "ca", "DISEASE", "MONDO:0004992"),
        ("She is cold all the time", "cold", "SYMPTOM", None),
        ("His son had a cold", "cold", "DISEASE", "MONDO:0005709"),
        ("Long smoker, COLD with bronchitis", "COLD", "DISEASE", "MONDO:0005002"),
        ("PATIENT FEELS COLD TODAY", "COLD", "SYMPTOM", None),
        ("Pt has ALL in remission", "ALL", "DISEASE", "MONDO:0004967"),
        ("Severe AS, AVA 0.8 cm2", "AVA", "DISEASE", None),
        ("SCDs in place for DVT prophylaxis", "SCDs", "DISEASE", None),
        ("Known SCD with pain crises", "SCD", "DISEASE", "MONDO:0011382"),
    ],
)
def test_the_words_around_decide_abbreviations(
    text: str, words: str, label: str, wanted: str | None, nlp: Language
) -> None:
    link = linked(nlp, text, words, label)
    assert (link.id if link else None) == wanted


@pytest.mark.parametrize(
    ("text", "words", "wanted"),
    [
        ("Has leg swelling today", "swelling", "Pedal edema"),
        ("Swelling of both legs", "Swelling", "Bilateral leg swelling"),
        ("Swelling of the left leg", "Swelling", "Unilateral leg swelling"),
        ("No calf tenderness", "tenderness", "Calf tenderness"),
        ("Sudden pleuritic chest pain", "pain", "Pleuritic chest pain"),
        ("Complains of pain in the chest", "pain", "Chest pain"),
        ("pain in the\nchest", "pain", "Chest pain"),
        ("Peripheral\n  edema", "edema", "Peripheral edema"),
        ("RLQ pain", "pain", "Right lower quadrant abdominal pain"),
        ("Pain, chest x-ray clear", "Pain", "Pain"),
        ("Seen for chest.\n\nPain", "Pain", "Pain"),
        ("No pain", "pain", "Pain"),
    ],
)
def test_a_problem_takes_the_concept_of_its_full_name(text: str, words: str, wanted: str, nlp: Language) -> None:
    link = linked(nlp, text, words, "SYMPTOM")
    assert link is not None and link.name == wanted


def test_a_mere_part_of_a_name_has_no_concept_and_a_place_keeps_its_own(nlp: Language) -> None:
    doc = nlp.make_doc("Sudden pleuritic chest pain")
    doc.ents = [Span(doc, 1, 2, "SYMPTOM"), Span(doc, 2, 3, "ANATOMY"), Span(doc, 3, 4, "SYMPTOM")]
    part, place, whole = nlp.get_pipe("clinigraph_linker")(doc).ents
    assert part._.concept is None
    assert place._.concept is not None and place._.concept.name == "Thorax"
    assert whole._.concept is not None and whole._.concept.method == "composite" and whole.text == "pain"


def test_two_halves_of_a_combination_are_one_drug(nlp: Language) -> None:
    ids = {linked(nlp, "On TMP-SMX DS", half, "DRUG").id for half in ("TMP", "SMX")}
    assert ids == {"CG:RX0007"}


# -- what the note defines -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "long", "short", "defined"),
    [
        ("Myotonic dystrophy (DM) in the family; DM was mild.", "Myotonic dystrophy", "DM", True),
        ("Ataxia-telangiectasia ( A-T ) and A-T cells", "Ataxia-telangiectasia", "A-T", True),
        ("DM (myotonic dystrophy) and again DM", "myotonic dystrophy", "DM", True),
        ("Gout (AF) and AF", "Gout", "AF", False),
        ("Asthma, AF and AF", "Asthma", "AF", False),
    ],
)
def test_short_forms_that_the_note_defines(text: str, long: str, short: str, defined: bool) -> None:
    places = sorted(
        (at, at + len(words), "DISEASE")
        for words in (long, short)
        for at in (m.start() for m in re.finditer(re.escape(words), text))
    )
    assert defined_forms(text, places) == ({("DISEASE", short): long} if defined else {})


def test_every_mention_of_a_defined_short_form_gets_its_concept(nlp: Language) -> None:
    text = "Myotonic dystrophy (DM) runs in the family. Her DM is mild."
    doc = nlp.make_doc(text)
    doc.ents = [doc.char_span(a, b, label="DISEASE") for a, b in ((0, 18), (20, 22), (48, 50))]
    first, *others = [e._.concept.id for e in nlp.get_pipe("clinigraph_linker")(doc).ents]
    assert others == [first, first] and first != "MONDO:0005015"


# -- guidelines ----------------------------------------------------------------------------------------------------


def test_a_guideline_links_as_its_annotators_do(linker: NameLinker) -> None:
    names = [Learned("bc5cdr", "DISEASE", "hepatitis", "MESH:D056486", 9, 0.9)]
    guided = GuidedLinker(linker, "bc5cdr", names, [])
    plain, learned = linker.link("DISEASE", "hepatitis"), guided.link("DISEASE", "hepatitis")
    assert plain and learned and plain.id != learned.id
    assert learned.id == "MONDO:0005359" and learned.method == "learned" and learned.score < 1
    broader = guided.link("DISEASE", "acute myocardial infarction")  # MeSH has no such heading
    assert broader is not None and broader.name == "myocardial infarction" and broader.method == "broader"
    assert guided.link("DRUG", "aspirin") == linker.link("DRUG", "aspirin")
    near = guided.link("DISEASE", "hepatitises")
    assert near is None or near.score <= 1


def test_a_guideline_is_off_unless_asked_for(nlp: Language) -> None:
    assert nlp.get_pipe("clinigraph_linker").guideline is None
    with pytest.raises(UserError, match="no guideline"):
        spacy.blank("en").add_pipe("clinigraph_linker", config={"guideline": "nobodys"})


def test_what_was_learned_ships_with_known_guidelines_and_ids() -> None:
    for table in ("names", "concepts"):
        rows = learned_rows(table)
        assert {row.guideline for row in rows} == set(GUIDELINES)
        assert all(row.id.startswith(("MESH:", "OMIM:")) and 0 < row.share <= 1 for row in rows)


# -- as a component ------------------------------------------------------------------------------------------------


def test_it_runs_on_anybodys_entities(nlp: Language) -> None:
    link = linked(nlp, "He takes metformin for T2DM.", "metformin", "DRUG")
    assert link is not None and link.id == "DRUGBANK:DB00331" and link.method == "exact"
    assert linked(nlp, "Patient is 45 years old.", "45 years old", "DEMOGRAPHIC") is None


def test_a_concept_that_is_there_stays(nlp: Language) -> None:
    doc = nlp.make_doc("He has asthma.")
    doc.ents = [doc.char_span(7, 13, label="DISEASE")]
    mine = ConceptLink(id="X:1", name="mine", score=1.0, method="mine")
    doc.ents[0]._.concept = mine
    assert nlp.get_pipe("clinigraph_linker")(doc).ents[0]._.concept == mine


def test_odd_documents_are_no_problem(nlp: Language) -> None:
    for text in ("", " ", "\n", "无发热", "a" * 1000):
        assert nlp(text).text == text


def test_it_pickles_and_saves(nlp: Language, tmp_path: Path) -> None:
    component = nlp.get_pipe("clinigraph_linker")
    assert isinstance(component, ConceptLinker)
    component.threshold = 0.9
    component.guideline = "biored"
    assert pickle.loads(pickle.dumps(component)).threshold == 0.9
    nlp.to_disk(tmp_path / "model")
    again = spacy.load(tmp_path / "model")
    assert again.get_pipe("clinigraph_linker").threshold == 0.9
    assert again.get_pipe("clinigraph_linker").guideline == "biored"
    component.guideline = again.get_pipe("clinigraph_linker").guideline = None
    assert linked(again, "He has asthma.", "asthma", "DISEASE") == linked(nlp, "He has asthma.", "asthma", "DISEASE")


def test_a_vocabulary_of_ones_own_goes_along_when_saved(tmp_path: Path) -> None:
    own = tmp_path / "own"
    own.mkdir()
    with as_file(files("clinigraph.kg.knowledge.data")) as shipped:
        for path in shipped.glob("*.parquet"):
            if not path.name.startswith("edges_"):
                (own / path.name).write_bytes(path.read_bytes())
    nlp = spacy.blank("en")
    nlp.add_pipe("clinigraph_linker", config={"vocabulary": str(own)})
    nlp.to_disk(tmp_path / "model")
    own.rename(tmp_path / "gone")
    again = spacy.blank("en")
    again.add_pipe("clinigraph_linker")
    again.from_disk(tmp_path / "model")
    assert again.get_pipe("clinigraph_linker").vocabulary == str(tmp_path / "model/clinigraph_linker/vocabulary")
    assert linked(again, "He has asthma.", "asthma", "DISEASE") is not None


def test_a_wrong_vocabulary_says_so(tmp_path: Path) -> None:
    with pytest.raises(UserError, match=re.escape("there is no vocabulary in")):
        spacy.blank("en").add_pipe("clinigraph_linker", config={"vocabulary": str(tmp_path)})
