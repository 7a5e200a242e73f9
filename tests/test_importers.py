"""Sources that may not ship: each kind reads its true format, joins, keeps provenance, and loses nothing in silence."""

from __future__ import annotations

import gzip
import itertools
import json
import os
from pathlib import Path

import pytest
from clinigraph.app import cli
from clinigraph.kg import open_graph
from clinigraph.kg.advice import recommend
from clinigraph.kg.advice.cache import knowledge_version
from clinigraph.kg.advice.view import KnowledgeView
from clinigraph.kg.exchange import push
from clinigraph.kg.knowledge.importers import import_knowledge, kinds
from clinigraph.kg.knowledge.importers.joining import ConceptIndex
from clinigraph.kg.queries.library import named_query
from clinigraph.kg.stores import open_store
from clinigraph.schemas.advice import PatientCondition, PatientState
from clinigraph.schemas.graph import RELATIONSHIPS, WORLD_LABELS
from clinigraph.schemas.problems import UserError
from importer_files import (
    ASPIRIN,
    DIABETES,
    DRUGBANK_XML,
    HEADACHE,
    HYPERTENSION,
    METFORMIN,
    SAMPLES,
    VOCABULARY,
    WARFARIN,
)

DATA = Path(os.environ.get("CLINIGRAPH_DATA", Path(__file__).parents[2] / "shared" / "data")) / "knowledge"
STORES = ["sqlite", pytest.param("neo4j", marks=pytest.mark.neo4j)]


def with_vocabulary(store):
    for label, rows in VOCABULARY.items():
        store.upsert_nodes(label, rows)
    return store


@pytest.fixture
def store(tmp_path):
    with open_store(tmp_path / "graph.db") as opened:
        yield with_vocabulary(opened)


@pytest.fixture
def folder(tmp_path):
    made = tmp_path / "files"
    made.mkdir()
    return made


def run(store, name, folder, **options):
    problems = []
    kind = name.removesuffix("-tables")
    if kind == "kgx":
        options.setdefault("licence", "CC0 (invented)")
    report = import_knowledge(store, kind, folder, on_problem=problems.append, **options)
    return report, problems


def facts(store):
    return {
        (type_, edge["source"], edge["target"])
        for type_, kind in RELATIONSHIPS.items()
        if kind.world
        for edge in store.edges(type_)
    }


def concepts(store):
    return {node["id"]: node for label in WORLD_LABELS for node in store.nodes(label)}


def edges(store):
    return [edge for type_, kind in RELATIONSHIPS.items() if kind.world for edge in store.edges(type_)]


@pytest.mark.parametrize("kind", STORES)
@pytest.mark.parametrize("name", SAMPLES)
def test_rows_land_unknown_ids_and_broken_lines_are_listed_and_again_changes_nothing(
    kind, name, tmp_path, folder, request
):
    sample = SAMPLES[name]
    sample.write(folder)
    if kind == "neo4j":
        store = with_vocabulary(request.getfixturevalue("neo4j_store"))
    else:
        store = with_vocabulary(open_store(tmp_path / "graph.db"))
    before = concepts(store)
    report, problems = run(store, name, folder)
    assert facts(store) == sample.facts
    after = concepts(store)
    assert after.keys() - before.keys() == sample.own
    listed = [(p.where, p.message) for p in problems]
    assert len(listed) == report.rejected == len(sample.rejected), listed
    for where, reason in sample.rejected:
        assert any(w == where and reason in m for w, m in listed), (where, listed)
    assert report.version.startswith(sample.version)

    source = kinds()[report.kind].source
    for row in [after[id] for id in sample.own] + edges(store):
        assert row["primary_knowledge_source"] and row["source_version"] == report.version
        assert sample.licence in row["licence"]
    if name not in ("hpo", "kgx"):
        assert {e["primary_knowledge_source"].partition("/")[0] for e in edges(store)} == {source}
    if name != "hpo":  # rows of other sources, and their licences, stay as they are
        assert {id: after[id] for id in before} == before

    content = list(store.canonical_lines())
    revision = knowledge_version(store)
    again, more = run(store, name, folder)
    assert again.changed == 0 < report.changed
    assert list(store.canonical_lines()) == content
    assert knowledge_version(store) == revision
    assert [(p.where, p.message) for p in more] == listed
    assert (again.nodes, again.relationships, again.left_out) == (report.nodes, report.relationships, report.left_out)
    if kind == "sqlite":
        store.close()


def test_no_answer_key_of_a_benchmark_has_an_importer():
    assert not {"ddxplus", "repodb", "pharmacotherapydb"} & kinds().keys()


@pytest.mark.parametrize("name", ["hetionet", "hetionet-tables", "kgx"])
def test_no_answer_key_comes_in_with_a_compilation(name, store, folder):
    SAMPLES[name].write(folder)
    report, _ = run(store, name, folder)
    assert any("answer key" in reason for reason in report.left_out)
    treated = {edge["target"] for edge in store.edges("TREATS")}
    assert not treated & {DIABETES, HYPERTENSION}


def test_properties_say_what_the_source_says(store, folder):
    for name in ("sider", "primekg", "loinc2hpo", "hpo", "drugbank", "umls"):
        made = folder / name
        made.mkdir()
        SAMPLES[name].write(made)
        run(store, name, made)
    frequencies = {
        (e["primary_knowledge_source"], e["target"]): e.get("frequency") for e in store.edges("HAS_ADVERSE_EVENT")
    }
    assert frequencies["sider", HEADACHE] == "common" and frequencies["sider", "UMLS:C9990005"] is None
    absent = {(e["outcome"], e["absent"]) for e in store.edges("REVEALS")}
    assert absent == {("high", False), ("normal", True), ("positive", False)}
    (pooled,) = store.edges("HAS_PHENOTYPE", source=DIABETES, primary_knowledge_source="hpo-annotations")
    assert pooled["frequency_value"] == 0.375 and pooled["frequency"] == "frequent"
    assert pooled["onset"] == "Congenital onset" and pooled["confidence"] == 0.9
    (excluded,) = store.edges("HAS_PHENOTYPE", source="ORPHA:999999")
    assert excluded["frequency"] == "excluded" and excluded["frequency_value"] == 0.0
    (bleeding,) = store.edges("INTERACTS_WITH", source=WARFARIN, target=ASPIRIN)
    assert bleeding["severity"] == "moderate" and "bleeding" in bleeding["effect"]
    (treats,) = store.edges("TREATS", primary_knowledge_source="umls/MED-RT")
    assert treats["licence"].endswith("vocabulary MED-RT")
    (own,) = store.nodes("Disease", id="UMLS:C9990001")
    assert own["licence"].endswith("vocabulary SNOMEDCT_US, restriction level 0")


def test_a_newer_hpo_brings_shipped_rows_up_to_date_and_loses_no_name(store, folder):
    SAMPLES["hpo"].write(folder)
    run(store, "hpo", folder)
    row = store.node("PhenotypicFeature", HEADACHE)
    assert row["name"] == "Cephalalgia" and row["source_version"] == "2026-02-16"
    assert {"Headaches", "Headache", "Head pain"} <= set(row["synonyms"])
    assert set(row["xrefs"]) == {"UMLS:C0018681", "MESH:D006261"}


def test_the_order_of_imports_does_not_matter_for_concepts_of_ours(tmp_path, folder):
    names = ("sider", "umls", "hetionet", "everycure")
    for name in names:
        (folder / name).mkdir()
        SAMPLES[name].write(folder / name)
    seen = set()
    for number, order in enumerate([names, names[::-1]]):
        with open_store(tmp_path / f"{number}.db") as store:
            with_vocabulary(store)
            for name in order:
                run(store, name, folder / name)
            ours = {id for rows in VOCABULARY.values() for id in (row["id"] for row in rows)}
            seen.add(frozenset(f for f in facts(store) if f[1] in ours and f[2] in ours))
            for name in order:
                assert run(store, name, folder / name)[0].changed == 0
    assert len(seen) == 1


def test_mappings_join_what_the_vocabulary_does_not(store, folder):
    write = SAMPLES["snomed"].write
    write(folder)
    mapping = folder / "sctid.sssom.tsv"
    mapping.write_text(
        "# curie_map:\nsubject_id\tpredicate_id\tobject_id\n"
        f"{HYPERTENSION}\tskos:exactMatch\tSCTID:900001\n{DIABETES}\tskos:broadMatch\tSCTID:900002\n"
    )
    run(store, "snomed", folder / "SnomedCT_Release.zip", mappings=[mapping])
    assert "SNOMED:900001" not in concepts(store)
    assert "SNOMED:900002" in concepts(store)  # a broad match joins nothing


def test_an_id_that_two_concepts_carry_joins_neither(store):
    rows = [
        {**row, "id": f"MONDO:{n}", "name": f"d{n}", "xrefs": ["UMLS:C1"]}
        for n, row in enumerate(VOCABULARY["Disease"])
    ]
    store.upsert_nodes("Disease", rows)
    index = ConceptIndex(store, ("umls",))
    assert index.find("UMLS:C1", (), "", "Disease") is None
    assert index.find("UMLS:C1", (), "d1", "Disease") == "MONDO:1"


def test_a_disease_may_be_the_finding_of_the_same_name(store):
    index = ConceptIndex(store, ())
    assert index.find("UMLS:C0018681", (), "", "Disease") == HEADACHE
    assert index.find("X:1", (), "Headaches", "Disease") == HEADACHE
    assert index.find("X:1", (), "Metformin", "Disease") is None


@pytest.mark.parametrize("name", ["umls", "primekg", "hpo"])
def test_gz_and_zip_and_single_files(name, tmp_path, folder, store):
    SAMPLES[name].write(folder)
    for file in list(folder.iterdir()):
        (folder / f"{file.name}.gz").write_bytes(gzip.compress(file.read_bytes()))
        file.unlink()
    report, _ = run(store, name, folder)
    assert facts(store) == SAMPLES[name].facts
    import shutil

    archive = shutil.make_archive(str(tmp_path / "packed"), "zip", folder)
    again, _ = run(store, name, archive, version=report.version)
    assert again.changed == 0


def test_one_file_under_another_name(store, folder):
    SAMPLES["primekg"].write(folder)
    (folder / "kg.csv").rename(folder / "my_copy.txt")
    run(store, "primekg", folder / "my_copy.txt")
    assert facts(store) == SAMPLES["primekg"].facts


def test_a_file_that_breaks_off_gives_what_came_before_and_says_so(store, folder):
    SAMPLES["umls"].write(folder)
    packed = gzip.compress((folder / "MRREL.RRF").read_bytes())
    (folder / "MRREL.RRF").unlink()
    (folder / "MRREL.RRF.gz").write_bytes(packed[:-12])
    _, problems = run(store, "umls", folder)
    assert any(p.where.startswith("MRREL.RRF.gz line") and "breaks off" in p.message for p in problems)
    (folder / "cut.xml").write_text(DRUGBANK_XML[: DRUGBANK_XML.index("<pathways>")])
    _, problems = run(store, "drugbank", folder / "cut.xml")
    assert any("breaks off" in p.message and p.where.startswith("cut.xml line") for p in problems)
    text = json.dumps({"nodes": [{"kind": "Compound", "identifier": "DB00331", "name": "Metformin"}], "edges": []})
    (folder / "hetionet-v1.0.json").write_text(text[:-8])
    report, problems = run(store, "hetionet", folder / "hetionet-v1.0.json")
    assert report.joined == 1 and any("breaks off" in p.message for p in problems)


def test_a_line_that_is_not_utf8_is_listed(store, folder):
    SAMPLES["kgx"].write(folder)
    path = folder / "sample_nodes.tsv"
    path.write_bytes(path.read_bytes() + b"X:9\tbiolink:Disease\tM\xe9ni\xe8re\t\t\t\n")
    _, problems = run(store, "kgx", folder)
    assert ("sample_nodes.tsv line 7", "the line is not UTF-8") in {(p.where, p.message) for p in problems}


def test_half_a_character_does_not_end_the_run(store, folder):
    nodes = [{"kind": "Side Effect", "identifier": "C1", "name": "bad \ud800"}]
    (folder / "hetionet-v1.0.json").write_text(json.dumps({"nodes": nodes, "edges": []}))
    _, problems = run(store, "hetionet", folder)
    assert [p.message for p in problems] == ['"name" holds half a character']


def test_many_rows_go_in_batches_and_the_same_concepts_come_out(store, folder, monkeypatch):
    from clinigraph.kg.knowledge.importers import landing

    SAMPLES["umls"].write(folder)
    run(store, "umls", folder)
    content = list(store.canonical_lines())
    monkeypatch.setattr(landing, "_BATCH", 1)
    with open_store(folder.parent / "other.db") as other:
        run(with_vocabulary(other), "umls", folder)
        assert list(other.canonical_lines()) == content


def test_a_reference_to_a_later_row_waits(store, folder, monkeypatch):
    from clinigraph.kg.knowledge.importers import landing

    monkeypatch.setattr(landing, "_WAITING", 0)
    SAMPLES["drugbank"].write(folder)
    report, problems = run(store, "drugbank", folder)
    assert any("DB99999" in p.message for p in problems)  # no room to wait: listed, not lost
    assert ("INTERACTS_WITH", WARFARIN, "DRUGBANK:DB99999") in facts(store)  # the other side still says it
    assert report.rejected == 3


def test_what_is_missing_is_said(store, folder, tmp_path):
    with pytest.raises(UserError, match="no importer"):
        import_knowledge(store, "repodb", folder)
    with pytest.raises(UserError, match="there is nothing at"):
        import_knowledge(store, "umls", tmp_path / "nowhere")
    with pytest.raises(UserError, match="licence"):
        import_knowledge(store, "kgx", folder)
    for kind in kinds():
        with pytest.raises(UserError, match="holds no"):
            import_knowledge(store, kind, folder, licence="x")
    (folder / "kg.csv").write_text("a,b\n1,2\n")
    with pytest.raises(UserError, match='no column "relation"'):
        import_knowledge(store, "primekg", folder)
    (folder / "x.zip").write_text("no archive")
    with pytest.raises(UserError, match="no zip archive"):
        import_knowledge(store, "primekg", folder / "x.zip")
    assert not facts(store)


def test_version_and_licence_can_be_given(store, folder):
    SAMPLES["primekg"].write(folder)
    run(store, "primekg", folder, version="2.1", licence="ours to use")
    rows = [e for e in edges(store) if e["source_version"] == "2.1"]
    assert len(rows) == len(SAMPLES["primekg"].facts)
    assert {"ours to use"} <= {e["licence"] for e in rows}


def test_progress_comes_to_the_end(store, folder):
    SAMPLES["umls"].write(folder)
    told = []
    run(store, "umls", folder, progress=lambda done, total: told.append((done, total)))
    size = sum(f.stat().st_size for f in folder.iterdir())
    assert told[-1] == (size, size) and all(a <= b for a, b in itertools.pairwise(told))


def test_advice_and_named_queries_see_what_was_imported(tmp_path, folder, monkeypatch):
    monkeypatch.setenv("CLINIGRAPH_CACHE", str(tmp_path / "cache"))
    SAMPLES["everycure"].write(folder)
    path = tmp_path / "graph.db"
    with open_graph(path, knowledge=False) as graph:
        with_vocabulary(graph.store)
        assert METFORMIN not in {s["source"] for s in graph.knowledge.treatments.get(DIABETES, ())}
        version = graph.knowledge.version
    with open_graph(path, knowledge=False) as graph:
        import_knowledge(graph.store, "everycure", folder)
        assert graph.knowledge.version != version
        assert METFORMIN in {s["source"] for s in graph.knowledge.treatments[DIABETES]}
        rows = graph.query("drugs_for_disease", disease=DIABETES)
        assert [(r["drug"], r["source"], r["licence"]) for r in rows] == [
            (METFORMIN, "everycure", "none stated by the source")
        ]
        assert graph.query("concept_search", text="invented remedy")[0]["id"] == "CHEBI:99999"


def test_an_import_without_frequencies_does_not_drown_a_known_frequency(store):
    row = {"id": "K:1", "source": DIABETES, "target": HEADACHE, "frequency": "occasional"}
    said = {"primary_knowledge_source": "hpo-annotations", "source_version": "1", "licence": "x"}
    store.upsert_edges("HAS_PHENOTYPE", [{**row, **said}])
    alone = KnowledgeView.compile(store).matrix.direct.toarray()
    bare = {"id": "K:2", "source": DIABETES, "target": HEADACHE, **said, "primary_knowledge_source": "primekg"}
    store.upsert_edges("HAS_PHENOTYPE", [bare])
    assert (KnowledgeView.compile(store).matrix.direct.toarray() == alone).all()


def test_a_drug_that_only_an_import_knows_is_never_simply_suggested(store, folder):
    safety = {"primary_knowledge_source": "clinigraph-curated", "source_version": "1", "licence": "x"}
    store.upsert_nodes("Drug", [{"id": "CG:1", "name": "ours", **safety}])
    treats = {"id": "K:1", "source": "CG:1", "target": DIABETES, "line": "first", **safety}
    store.upsert_edges("TREATS", [treats])
    avoid = {"id": "K:2", "source": "CG:1", "target": HYPERTENSION, "severity": "relative", **safety}
    store.upsert_edges("CONTRAINDICATED_IN", [avoid])
    SAMPLES["everycure"].write(folder)
    run(store, "everycure", folder)
    state = PatientState(conditions=(PatientCondition(concept_id=DIABETES, name="diabetes"),))
    found = recommend(state, KnowledgeView.compile(store))
    assert [s.drug_id for s in found.suggested] == ["CG:1"]
    (imported,) = found.cautioned
    assert imported.drug_id == METFORMIN and imported.cautions[0].kind == "not_vetted"
    assert any("not held for this drug" in line for line in imported.not_checked)
    assert not any("not held" in line for line in found.suggested[0].not_checked)


def test_a_change_that_keeps_the_numbers_gives_a_new_view_too(store, folder):
    SAMPLES["loinc2hpo"].write(folder)
    run(store, "loinc2hpo", folder, version="1")
    first = knowledge_version(store)
    run(store, "loinc2hpo", folder, version="2")  # the same rows of a newer release
    assert knowledge_version(store) != first


def test_findings_of_test(store, folder):
    SAMPLES["loinc2hpo"].write(folder)
    run(store, "loinc2hpo", folder)
    found = [(r["outcome"], r["name"], r["absent"]) for r in store.run("findings_of_test", test="LOINC:6298-4")]
    assert found == [("high", "Hyperkalemia", False), ("normal", "Hyperkalemia", True)]


@pytest.mark.parametrize("kind", STORES)
def test_what_the_graph_holds_by_source(kind, store, folder, request):
    SAMPLES["loinc2hpo"].write(folder)
    SAMPLES["kgx"].write(folder)
    target = with_vocabulary(request.getfixturevalue("neo4j_store")) if kind == "neo4j" else store
    for name in ("loinc2hpo", "kgx"):
        run(target, name, folder, version="1")
    found = {(r["source"], r["kind"]): (r["number"], r["licence"]) for r in target.run("knowledge_sources")}
    assert found["mondo", "Disease"] == (2, "CC-BY-4.0")
    assert found["loinc2hpo", "REVEALS"][0] == 3 and "research use only" in found["loinc2hpo", "REVEALS"][1]
    assert found["infores:invented", "TREATS"] == (1, "CC0 (invented)")
    world = sum(n for label, n in target.counts()["nodes"].items() if label in WORLD_LABELS)
    assert sum(n for n, _ in found.values()) == world + len(edges(target))


def test_the_list_of_sources_forgets_no_kind():
    text = named_query("knowledge_sources").sql
    for kind in (*WORLD_LABELS, *(t for t, k in RELATIONSHIPS.items() if k.world)):
        assert f" FROM {kind} " in text


def test_push_takes_the_revision_along(store, folder, tmp_path):
    SAMPLES["primekg"].write(folder)
    run(store, "primekg", folder)
    with open_store(tmp_path / "copy.db") as copy:
        push(store, copy)
        assert knowledge_version(copy) == knowledge_version(store)


def test_command(tmp_path, folder, capsys, monkeypatch):
    monkeypatch.setattr("clinigraph.kg.knowledge.loading.load_knowledge", with_vocabulary)
    SAMPLES["primekg"].write(folder)
    graph, listed = tmp_path / "graph.db", tmp_path / "problems.jsonl"
    arguments = ["knowledge", "import", "primekg", str(folder), "--graph", str(graph), "--problems", str(listed)]
    monkeypatch.setattr("sys.argv", ["clinigraph", *arguments, "--json"])
    with pytest.raises(SystemExit) as ended:
        cli.main()
    assert ended.value.code == 0
    report = json.loads(capsys.readouterr().out)
    assert report["relationships"]["TREATS"] == 1 and report["changed"] > 0
    assert len(listed.read_text().splitlines()) == report["rejected"] == 3
    monkeypatch.setattr("sys.argv", ["clinigraph", *arguments])
    with pytest.raises(SystemExit):
        cli.main()
    said = capsys.readouterr()
    assert "0 new or different" in said.out and "kg.csv line 13" in said.err
    monkeypatch.setattr("sys.argv", ["clinigraph", "knowledge", "import"])
    with pytest.raises(SystemExit):
        cli.main()
    assert "primekg" in capsys.readouterr().out
    monkeypatch.setattr("sys.argv", ["clinigraph", "knowledge", "status", "--graph", str(graph)])
    with pytest.raises(SystemExit):
        cli.main()
    said = capsys.readouterr().out
    assert "primekg" in said and "CC-BY-4.0" in said


@pytest.mark.skipif(not (DATA / "everycure").is_dir(), reason="needs the data folder: everycure")
def test_everycure_real_files(store):
    report, problems = run(store, "everycure", DATA / "everycure")
    assert report.relationships["TREATS"] > 10_000 and report.relationships["CONTRAINDICATED_IN"] > 3_500
    assert report.rejected == len(problems) < 100
    assert {e["licence"] for e in store.edges("TREATS")} == {"none stated by the source"}
    assert (METFORMIN, DIABETES) in {(e["source"], e["target"]) for e in store.edges("TREATS", source=METFORMIN)}
    assert run(store, "everycure", DATA / "everycure")[0].changed == 0


@pytest.mark.skipif(not (DATA / "loinc2hpo").is_dir(), reason="needs the data folder: loinc2hpo")
def test_loinc2hpo_real_file(store):
    report, problems = run(store, "loinc2hpo", DATA / "loinc2hpo")
    assert report.nodes["LabTest"] > 2_900
    assert report.rejected == len(problems)  # the small vocabulary of this test lacks nearly all findings
    high = [e["outcome"] for e in store.edges("REVEALS", source="LOINC:6298-4")]
    assert "high" in high
