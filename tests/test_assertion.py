"""Assertion on sentences of our own, gold written inside: <ent attribute cue="words">mention</ent>.

Attributes: negated, uncertain, historical, hypothetical, family, other; none means a plain current fact of the patient.
"""

import pickle
import re

import pytest
import spacy
from clinigraph.pipeline.components.assertion.cues import cue_matcher
from clinigraph.schemas.annotation import Assertion
from hypothesis import given, settings
from hypothesis import strategies as st
from spacy.tokens import Doc, Span

GOLD = """
Denies <ent negated cue="Denies">chest pain</ent>, but has <ent>palpitations</ent>.
No <ent negated cue="No">fever</ent>, <ent negated>chills</ent> or <ent negated>night sweats</ent>.
He denies any <ent negated cue="denies any">dysuria</ent> or <ent negated>hematuria</ent>.
She has no <ent negated>orthopnea</ent>; her <ent>cough</ent> is worse.
There is no evidence of <ent negated cue="no evidence of">pulmonary embolism</ent> or <ent negated>aneurysm</ent>.
Lungs clear without <ent negated cue="without">wheezes</ent>.
Negative for <ent negated cue="Negative for">nausea</ent>, positive for <ent>vomiting</ent>.
Free of <ent negated cue="Free of">seizures</ent> since the change.
The <ent negated cue="was ruled out">myocardial infarction</ent> was ruled out.
<ent negated cue="is ruled out">Pneumonia</ent> is ruled out.
<ent negated cue=": none">Edema</ent>: none.
<ent negated cue=": no">Fever</ent>: no. <ent>Cough</ent>: yes.
<ent negated>Nausea</ent>/<ent negated>vomiting</ent>: denies.
A <ent negated cue="was absent">murmur</ent> was absent.
<ent negated cue="negative">Rapid strep</ent> negative.
<ent negated cue="not seen">Free air</ent> is not seen.
<ent negated cue="has resolved">Rash</ent> has resolved.
The <ent>rash</ent> has not resolved.
Denies <ent negated>headache</ent> except after <ent>coffee</ent>.
No <ent negated>edema</ent>, however <ent>ascites</ent> is present.
No <ent negated>cough</ent> although <ent>wheezing</ent> was heard.
No <ent negated>focal deficit</ent> yet <ent>ataxia</ent> persists.
No increase in <ent>ascites</ent>.
No change in the <ent>pulmonary nodule</ent>.
No significant change in <ent>cardiomegaly</ent>.
Gram negative <ent>sepsis</ent> was treated.
Not only <ent>diabetes</ent> but also <ent>hypertension</ent>.
Voiding without difficulty, has <ent>hematuria</ent>.
CT with and without contrast shows a <ent>mass</ent>.
The <ent>pain</ent> is not relieved by <ent>ibuprofen</ent>.
His <ent>blood pressure</ent> is not well controlled.
She does not deny <ent>alcohol use</ent>.
No cause of <ent>syncope</ent> was found.
No <ent negated>edema</ent> due to <ent>heart failure</ent>.
No <ent negated>cough</ent> because of <ent>codeine</ent>.
Neither <ent negated>clubbing</ent> nor <ent negated>cyanosis</ent>.
The patient was not <ent negated>lethargic</ent>.
She never had <ent negated>tuberculosis</ent>.
He no longer has <ent negated cue="no longer has">headaches</ent>.
Did not have any <ent negated>abdominal pain</ent>.
Absence of <ent negated>bowel sounds</ent> was noted.
No known <ent negated>drug allergies</ent>.
Findings not consistent with <ent negated>cirrhosis</ent>.
I do not believe this is <ent negated>sepsis</ent>.
No signs or symptoms of <ent negated>infection</ent>.
Pt denied <ent negated>SOB</ent> and <ent negated>CP</ent> while walking.
No acute <ent negated>fracture</ent> or <ent negated>dislocation</ent>.
In no <ent negated>acute distress</ent>.
Rather than <ent negated>asthma</ent>, this is <ent>COPD</ent>.
Resolution of <ent negated>pneumonia</ent> on the film.
Her friend noticed <ent>confusion</ent> north of the border.
<ent>Non-tender swelling</ent> over the ankle.
Nodular <ent>goiter</ent> in Norwood clinic.
Denies <ent negated>fever</ent> but admits to <ent>chills</ent>.
ROS: no <ent negated>fever</ent>, has <ent>fatigue</ent>, no <ent negated>rash</ent>.
No <ent negated>chest pain</ent>. <ent>Dyspnea</ent> on exertion.
Possible <ent uncertain cue="Possible">appendicitis</ent>.
Suspected <ent uncertain cue="Suspected">UTI</ent>.
R/o <ent uncertain cue="R/o">MI</ent>.
Admitted to rule out <ent uncertain cue="rule out">stroke</ent>.
Cannot exclude <ent uncertain cue="Cannot exclude">malignancy</ent>.
<ent uncertain cue="cannot be excluded">Abscess</ent> cannot be excluded.
<ent uncertain cue="is unlikely">Meningitis</ent> is unlikely.
This is unlikely to be <ent uncertain>gout</ent>.
Likely <ent uncertain>viral gastroenteritis</ent>.
Concerning for <ent uncertain>cellulitis</ent>.
Findings may represent <ent uncertain>atelectasis</ent>.
Probable <ent uncertain>osteoarthritis</ent>.
<ent uncertain>CHF</ent> vs <ent uncertain>pneumonia</ent>.
Questionable <ent uncertain>seizure</ent> in the ambulance.
The differential includes <ent uncertain>lymphoma</ent> and <ent uncertain>sarcoidosis</ent>.
Presumed <ent uncertain>bronchitis</ent>.
<ent uncertain>Sepsis</ent> was not ruled out.
<ent uncertain>Sepsis</ent> is suspected.
Suspicious for <ent uncertain>melanoma</ent>; no <ent negated>adenopathy</ent>.
Could be <ent uncertain>pericarditis</ent>.
Worrisome for <ent uncertain>perforation</ent>.
Likely <ent uncertain>sinusitis</ent>, however <ent>migraine</ent> is documented.
History of <ent historical cue="History of">DVT</ent>.
H/o <ent historical cue="H/o">breast cancer</ent>, s/p <ent historical>mastectomy</ent>.
Hx of <ent historical>stroke</ent> presents with <ent>weakness</ent>.
Status post <ent historical cue="Status post">appendectomy</ent>.
He had a <ent historical cue="in 2015">myocardial infarction</ent> in 2015.
<ent historical cue="ten years ago">Cholecystectomy</ent> ten years ago.
She had <ent historical>pneumonia</ent> in March 2011.
In 1998 he had a <ent historical>stroke</ent>.
Past medical history is significant for <ent historical>asthma</ent> and <ent historical>gout</ent>.
Previously had <ent historical>shingles</ent>.
Prior <ent historical>TIA</ent> noted.
Old <ent historical>infarct</ent> in the left MCA territory.
Had <ent historical>measles</ent> as a child.
He has had <ent historical>ulcers</ent> in the past.
History of <ent historical>CHF</ent> who presents with <ent>dyspnea</ent>.
Long history of <ent historical>migraine</ent>, now with <ent>aura</ent>.
History of present illness: <ent>cough</ent> for two days.
A 60-year-old man with <ent>chest pain</ent>.
<ent>Cough</ent> for the past two weeks.
<ent>Headache</ent> started two days ago.
Compared to the prior study the <ent>effusion</ent> is larger.
Admits to <ent>fatigue</ent> since Monday.
Has a possible history of <ent uncertain historical>seizures</ent>.
No history of <ent negated>asthma</ent>.
Return if you have <ent hypothetical>fever</ent> or <ent hypothetical>bleeding</ent>.
Return for <ent hypothetical cue="Return for">worsening pain</ent>.
Call the office if <ent hypothetical>redness</ent> spreads.
Should <ent hypothetical>chest pain</ent> develop, call 911.
Should you develop <ent hypothetical>hives</ent>, stop the drug.
She is at risk of <ent hypothetical cue="risk of">stroke</ent>.
Watch for <ent hypothetical>bruising</ent>.
Tylenol as needed for <ent hypothetical>headache</ent>.
Morphine prn <ent hypothetical>pain</ent>.
Heparin for prevention of <ent hypothetical>DVT</ent>.
In case of <ent hypothetical>hypoglycemia</ent> drink juice.
If <ent hypothetical>swelling</ent> occurs, elevate the leg.
Risks including <ent hypothetical>bleeding</ent> and <ent hypothetical>infection</ent> were explained.
Side effects include <ent hypothetical>drowsiness</ent>.
Unless <ent hypothetical>fever</ent> recurs, no <ent negated hypothetical>antibiotics</ent>.
Mother had <ent family cue="Mother had">diabetes</ent>; patient denies <ent negated>polyuria</ent>.
Father with <ent family cue="Father with">CAD</ent>, brother died of <ent family>MI</ent>.
Family history of <ent family historical>colon cancer</ent>.
<ent family cue="in her mother">Breast cancer</ent> in her mother.
Her sister has <ent family>lupus</ent>.
<ent family>Diabetes</ent> runs in the family.
Paternal grandfather had <ent family>gout</ent>.
No family history of <ent negated family>melanoma</ent>.
Mother reports that he had <ent>fever</ent>.
Per his mother, <ent>vomiting</ent> began at noon.
Brought in by her daughter for <ent>confusion</ent>.
His wife states he had a <ent>seizure</ent>.
Mother is healthy. He has <ent>asthma</ent>.
Mother has <ent family>hypertension</ent>, but he has <ent>eczema</ent>.
His roommate has <ent other>influenza</ent>.
Patient denies:\\n- <ent negated>fever</ent>\\n- <ent negated>chills</ent>\\n\\nHas <ent>rash</ent>.
Return to ED for:\\n1. <ent hypothetical>vomiting</ent>\\n2. <ent hypothetical>bleeding</ent>\\n
FAMILY HISTORY:\\nThe oldest had <ent family>stroke</ent>.\\n\\nPLAN:\\nTreat <ent>pneumonia</ent>.
PAST MEDICAL HISTORY:\\n<ent historical>Hypertension</ent>\\n<ent historical>Gout</ent>\\nMEDS:\\n<ent>Iron</ent>
PMH: <ent historical>HTN</ent>, <ent historical>DM2</ent>. Meds: <ent>lisinopril</ent>
ALLERGIES: <ent>Penicillin</ent> causes <ent>hives</ent>.
PAST SURGICAL HISTORY:,1. <ent historical>Appendectomy</ent>.,2. <ent historical>CABG</ent>.,MEDS:, <ent>Iron</ent>.
He denies any <ent negated>fever</ent>,\\nchills or <ent negated>cough</ent> at home.
""".strip().split("\n")

ENT = re.compile(r"<ent([^>]*)>(.*?)</ent>")


@pytest.fixture(scope="module")
def nlp():
    nlp = spacy.blank("en")
    for name in ("clinigraph_sentences", "clinigraph_sections", "clinigraph_assertion"):
        nlp.add_pipe(name)
    return nlp


def read_markup(line):
    """Strip the markup: text and (start, end, attributes) of every mention."""
    text, found, at = "", [], 0
    line = line.replace("\\n", "\n")
    for match in ENT.finditer(line):
        text += line[at : match.start()]
        found.append((len(text), len(text) + len(match[2]), match[1]))
        text, at = text + match[2], match.end()
    return text + line[at:], found


def with_mentions(nlp, text, places, skip=("clinigraph_assertion",)):
    doc = nlp.make_doc(text)
    for name, component in nlp.pipeline:
        if name not in skip:
            doc = component(doc)
    doc.set_ents([doc.char_span(a, b, label="DISEASE", alignment_mode="expand") for a, b in places])
    return nlp.get_pipe("clinigraph_assertion")(doc)


def expected(attributes):
    words = re.sub(r'cue="[^"]*"', "", attributes).split()
    return {
        "negated": "negated" in words,
        "certainty": "uncertain" if "uncertain" in words else "certain",
        "temporality": next((w for w in words if w in ("historical", "hypothetical")), "current"),
        "experiencer": next((w for w in words if w in ("family", "other")), "patient"),
    }


def test_there_is_gold_enough():
    assert len(GOLD) >= 120


@pytest.mark.parametrize("line", GOLD)
def test_gold(nlp, line):
    text, gold = read_markup(line)
    doc = with_mentions(nlp, text, [(a, b) for a, b, _ in gold])
    for ent, (_, _, attributes) in zip(doc.ents, gold, strict=True):
        assertion = ent._.assertion
        assert {**expected(attributes)} == {k: getattr(assertion, k) for k in expected("")}, ent.text
        cue = re.search(r'cue="([^"]*)"', attributes)
        if cue:
            assert cue[1] in [c.text for c in assertion.cues], ent.text
        for c in assertion.cues:
            assert text[c.start : c.end] == c.text


def test_default_is_not_stored(nlp):
    doc = with_mentions(nlp, "He has asthma.", [(7, 13)])
    assert doc.ents[0]._.assertion == Assertion()
    assert not [key for key in doc.user_data if "assertion" in key]


def test_works_without_sentences_and_sections():
    nlp = spacy.blank("en")
    nlp.add_pipe("entity_ruler").add_patterns([{"label": "X", "pattern": w} for w in ("cough", "fever")])
    nlp.add_pipe("clinigraph_assertion")
    doc = nlp("No cough\n\nfever today")
    assert [e._.assertion.negated for e in doc.ents] == [True, False]


def test_stale_assertion_is_withdrawn(nlp):
    doc = with_mentions(nlp, "He has asthma.", [(7, 13)])
    doc.ents[0]._.assertion = Assertion(negated=True)
    nlp.get_pipe("clinigraph_assertion")(doc)
    assert not doc.ents[0]._.assertion.negated


def test_sections_can_be_left_out():
    nlp = spacy.blank("en")
    nlp.add_pipe("clinigraph_sections")
    nlp.add_pipe("clinigraph_assertion", config={"use_sections": False})
    text = "FAMILY HISTORY:\nThe oldest had gout."
    assert with_mentions(nlp, text, [(31, 35)]).ents[0]._.assertion.experiencer == "patient"


def test_saved_and_pickled_pipeline(nlp, tmp_path):
    nlp.to_disk(tmp_path)
    loaded = spacy.load(tmp_path)
    again = pickle.loads(pickle.dumps(loaded.get_pipe("clinigraph_assertion")))
    doc = loaded("No cough here.")
    doc.set_ents([doc.char_span(3, 8, label="SYMPTOM")])
    assert again(doc).ents[0]._.assertion.negated
    assert Doc(loaded.vocab).from_bytes(doc.to_bytes()).ents[0]._.assertion.negated


def test_every_cue_is_found_and_known():
    matcher = cue_matcher()
    for cue in matcher._effects:
        if "<" not in cue:
            found = matcher.find(cue)
            assert found and found[0].effects, cue


PIECES = [
    "no",
    "denies",
    "fever",
    "cough",
    "but",
    "\n",
    ". ",
    ", ",
    ":",
    "mother had",
    "if",
    "history of",
    "- ",
    "İ",
    "ß",
    "。",
    "1. ",
]


@settings(max_examples=60, deadline=None)
@given(st.lists(st.one_of(st.sampled_from(PIECES), st.text(max_size=8)), max_size=25))
def test_any_text_is_safe_and_assertion_is_idempotent(nlp, pieces):
    doc = nlp(" ".join(pieces))
    doc.set_ents([Span(doc, i, i + 1, label="DISEASE") for i in range(0, len(doc), 3)])
    component = nlp.get_pipe("clinigraph_assertion")
    first = {k: v for k, v in component(doc).user_data.items() if "assertion" in k}
    second = {k: v for k, v in component(doc).user_data.items() if "assertion" in k}
    assert first == second
    for ent in doc.ents:
        for cue in ent._.assertion.cues:
            assert doc.text[cue.start : cue.end] == cue.text


def test_a_very_long_line(nlp):
    doc = with_mentions(nlp, "no pain " * 37_500, [(299_995, 299_999)])
    assert doc.ents[0]._.assertion.negated
