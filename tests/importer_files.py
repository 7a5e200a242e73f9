"""Small hand-made files in the true formats of the sources that may not ship, with a broken and an unknown row each.

Content is invented where it says so; the formats are the sources' own.
"""

from __future__ import annotations

import json
import zipfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

METFORMIN, ASPIRIN, WARFARIN = "DRUGBANK:DB00331", "DRUGBANK:DB00945", "DRUGBANK:DB00682"
DIABETES, HYPERTENSION = "MONDO:0005148", "MONDO:0005044"
HEADACHE, HYPERKALEMIA, ABNORMALITY = "HP:0002315", "HP:0002153", "HP:0000118"


def _shipped(source: str, **row) -> dict:
    licences = {"mondo": "CC-BY-4.0", "hpo": "HPO licence: attribution, version, unaltered", "drugbank-open": "CC0-1.0"}
    provenance = {"primary_knowledge_source": source, "source_version": "1", "licence": licences[source]}
    return {**row, **provenance}


VOCABULARY = {
    "Disease": [
        _shipped(
            "mondo",
            id=DIABETES,
            name="type 2 diabetes mellitus",
            xrefs=["UMLS:C0011860", "DOID:9352", "MESH:D003924", "OMIM:125853", "ORPHA:1"],
        ),
        _shipped("mondo", id=HYPERTENSION, name="hypertensive disorder", xrefs=["UMLS:C0020538"]),
    ],
    "PhenotypicFeature": [
        _shipped("hpo", id=ABNORMALITY, name="Phenotypic abnormality"),
        _shipped("hpo", id=HEADACHE, name="Headache", synonyms=["Headaches"], xrefs=["UMLS:C0018681", "MESH:D006261"]),
        _shipped("hpo", id=HYPERKALEMIA, name="Hyperkalemia", xrefs=["UMLS:C0020461"]),
    ],
    "Drug": [
        _shipped("drugbank-open", id=METFORMIN, name="Metformin", xrefs=["UNII:9100L32L2N", "MESH:D008687"]),
        _shipped(
            "drugbank-open", id=ASPIRIN, name="Acetylsalicylic acid", synonyms=["Aspirin"], xrefs=["UNII:R16CO5Y76E"]
        ),
        _shipped("drugbank-open", id=WARFARIN, name="Warfarin", xrefs=["MESH:D014859"]),
    ],
}


@dataclass(frozen=True)
class Sample:
    """What a kind's files hold.

    Attributes
    ----------
    write
        Writes the files into a folder.
    facts
        (type, source, target) that must be in the graph afterwards, and no others.
    own
        Concepts that become concepts of their own.
    rejected
        (where, part of the reason) of every row that cannot be used.
    licence
        Part of the licence on every row.
    """

    write: Callable[[Path], object]
    facts: frozenset[tuple[str, str, str]]
    own: frozenset[str]
    rejected: tuple[tuple[str, str], ...]
    licence: str
    version: str = "sha256:"


def _lines(*rows: str) -> str:
    return "".join(row + "\n" for row in rows)


def _rrf(*rows: str) -> str:
    return _lines(*(row + "|" for row in rows))


def _atom(cui: str, sab: str, tty: str, code: str, name: str, *, lat: str = "ENG", suppress: str = "N", id: str = "A1"):
    return f"{cui}|{lat}|P|L1|PF|S1|Y|{id}|||{code}|{sab}|{tty}|{code}|{name}|0|{suppress}|"


def write_rxnorm(folder: Path) -> None:
    (folder / "rrf").mkdir()
    (folder / "rrf" / "RXNCONSO.RRF").write_text(
        _rrf(
            _atom("6809", "RXNORM", "IN", "6809", "metformin"),
            _atom("6809", "MTHSPL", "SU", "9100L32L2N", "METFORMIN"),
            _atom("6809", "DRUGBANK", "IN", "DB00331", "Metformin"),
            _atom("1191", "RXNORM", "IN", "1191", "aspirin"),
            _atom("235743", "RXNORM", "PIN", "235743", "metformin hydrochloride"),
            _atom("151827", "RXNORM", "BN", "151827", "Glucophage"),
            _atom("860974", "RXNORM", "SCDC", "860974", "metformin hydrochloride 500 MG"),
            _atom("861007", "RXNORM", "SCD", "861007", "metformin hydrochloride 500 MG Oral Tablet"),
            _atom("861007", "RXNORM", "PSN", "861007", "metformin HCl 500 MG Oral Tablet"),
            _atom("99", "RXNORM", "IN", "99", "withdrawn thing", suppress="O"),
            _atom("100", "MMSL", "BD", "100", "of another vocabulary"),
            "7777|ENG|P|broken line",
            _atom("5555", "RXNORM", "IN", "5555", ""),
        )
    )
    relation = "{0}||CUI|RO|{1}||CUI|{2}|1||RXNORM||||N|"
    (folder / "rrf" / "RXNREL.RRF").write_text(
        _rrf(
            relation.format("6809", "151827", "tradename_of"),  # the second is a trade name of the first
            relation.format("151827", "6809", "has_tradename"),
            relation.format("6809", "235743", "form_of"),
            relation.format("6809", "860974", "has_ingredient"),
            relation.format("860974", "861007", "consists_of"),
            relation.format("424242", "151827", "tradename_of"),
            "1|2|3",
        )
    )


def write_umls(folder: Path) -> None:
    (folder / "MRSTY.RRF").write_text(
        _rrf(
            "C0011860|T047|B2.2.1.2.1|Disease or Syndrome|AT1|256",
            "C0018681|T184|A2.2.2|Sign or Symptom|AT2|256",
            "C0025598|T121|A1.4.1.1.1|Pharmacologic Substance|AT3|256",
            "C0025598|T109|A1.4.1.2.1|Organic Chemical|AT3|256",
            "C9990001|T047|B2.2.1.2.1|Disease or Syndrome|AT4|256",
            "C9990002|T028|A1.2.3.5|Gene or Genome|AT5|256",
            "C9990003|T047|B2.2.1.2.1|Disease or Syndrome|AT6|256",
        )
    )
    (folder / "MRCONSO.RRF").write_text(
        _rrf(
            _atom("C0011860", "MSH", "MH", "D003924", "Diabetes Mellitus, Type 2"),
            _atom("C0018681", "HPO", "PT", "HP:0002315", "Headache"),
            _atom("C0025598", "MTHSPL", "SU", "9100L32L2N", "METFORMIN"),
            _atom("C9990001", "SNOMEDCT_US", "PT", "900001", "Invented disorder"),
            _atom("C9990001", "MSHSPA", "MH", "D1", "Trastorno inventado", lat="SPA"),
            _atom("C9990002", "HGNC", "PT", "HGNC:1", "INVENTED GENE"),
            _atom("C9990003", "MSHSPA", "MH", "D2", "Sin nombre", lat="SPA"),
            "C123|ENG",
        )
    )
    relation = "{0}|A1|SCUI|RO|{1}|A2|SCUI|{2}|R1||MED-RT|MED-RT|||N|"
    (folder / "MRREL.RRF").write_text(
        _rrf(
            relation.format("C0011860", "C0025598", "may_treat"),  # the second may treat the first
            relation.format("C0025598", "C0011860", "may_be_treated_by"),
            relation.format("C9990001", "C0025598", "contraindicated_with_disease"),
            relation.format("C0011860", "C9990001", "isa"),
            relation.format("C0018681", "C9990001", "has_manifestation"),
            relation.format("C9990002", "C0025598", "may_treat"),
            "C1|A1",
        )
    )


def write_snomed(folder: Path) -> None:
    with zipfile.ZipFile(folder / "SnomedCT_Release.zip", "w") as archive:
        terminology = "SnomedCT_Release/Snapshot/Terminology"
        date = "20240901"
        concepts = [(str(i), "1") for i in (44054006, 900001, 900002, 372567009, 900003, 900004)] + [("900009", "0")]
        archive.writestr(
            f"{terminology}/sct2_Concept_Snapshot_INT_{date}.txt",
            _lines(
                "id\teffectiveTime\tactive\tmoduleId\tdefinitionStatusId",
                *(f"{id}\t{date}\t{active}\t900000000000207008\t900000000000074008" for id, active in concepts),
                "900010\t20240901",
            ),
        )
        names = [
            ("44054006", "Type 2 diabetes mellitus (disorder)"),
            ("900001", "Invented kind of diabetes (disorder)"),
            ("900002", "Invented product containing metformin (medicinal product)"),
            ("372567009", "Metformin (substance)"),
            ("900003", "Substance in nothing (substance)"),
            ("900004", "No tag"),
            ("900009", "Inactive (disorder)"),
        ]
        described = "{n}\t20240901\t1\t900000000000207008\t{id}\ten\t{kind}\t{term}\t900000000000448009"
        rows = [described.format(n=n, id=id, kind="900000000000003001", term=t) for n, (id, t) in enumerate(names)]
        rows.append(described.format(n=50, id="900001", kind="900000000000013009", term="Invented diabetes"))
        header = "id\teffectiveTime\tactive\tmoduleId\tconceptId\tlanguageCode\ttypeId\tterm\tcaseSignificanceId"
        archive.writestr(f"{terminology}/sct2_Description_Snapshot-en_INT_{date}.txt", _lines(header, *rows))
        relation = (
            "{n}\t20240901\t{active}\t900000000000207008\t{0}\t{1}\t0\t{2}\t900000000000011006\t900000000000451002"
        )
        columns = "id effectiveTime active moduleId sourceId destinationId relationshipGroup typeId"
        header = "\t".join([*columns.split(), "characteristicTypeId", "modifierId"])
        archive.writestr(
            f"{terminology}/sct2_Relationship_Snapshot_INT_{date}.txt",
            _lines(
                header,
                relation.format("900001", "44054006", "116680003", n=1, active=1),
                relation.format("900002", "372567009", "762949000", n=2, active=1),
                relation.format("900001", "900002", "363698007", n=3, active=1),
                relation.format("900001", "900009", "116680003", n=4, active=0),
                relation.format("x", "900009", "116680003", n=5, active=1),
            ),
        )


DRUGBANK_XML = """<?xml version="1.0" encoding="UTF-8"?>
<drugbank xmlns="http://www.drugbank.ca" xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance"
 xsi:schemaLocation="http://www.drugbank.ca http://www.drugbank.ca/docs/drugbank.xsd" version="5.1"
 exported-on="2024-03-14">
<drug type="small molecule" created="2005-06-13" updated="2024-01-02">
  <drugbank-id primary="true">DB00682</drugbank-id>
  <drugbank-id>APRD00341</drugbank-id>
  <name>Warfarin</name>
  <unii>5Q7ZVV76EI</unii>
  <synonyms><synonym language="english" coder="">Warfarin</synonym></synonyms>
  <categories>
    <category><category>Invented anticoagulants</category><mesh-id>D000925</mesh-id></category>
    <category><category>Without an id</category><mesh-id></mesh-id></category>
  </categories>
  <atc-codes><atc-code code="B01AA03">
    <level code="B01AA">Vitamin K antagonists</level><level code="B01A">ANTITHROMBOTIC AGENTS</level>
  </atc-code></atc-codes>
  <drug-interactions>
    <drug-interaction><drugbank-id>DB00945</drugbank-id><name>Acetylsalicylic acid</name>
      <description>The risk of bleeding is greater (invented text).</description></drug-interaction>
    <drug-interaction><drugbank-id>DB99999</drugbank-id><name>Newcomer</name>
      <description>Invented.</description></drug-interaction>
    <drug-interaction><drugbank-id>DB88888</drugbank-id><name>Nobody</name>
      <description>Invented.</description></drug-interaction>
  </drug-interactions>
  <pathways><pathway><drugs><drug><drugbank-id>DB00170</drugbank-id><name>Nested</name></drug></drugs></pathway></pathways>
</drug>
<drug type="small molecule" created="2024-01-01" updated="2024-01-02">
  <drugbank-id primary="true">DB99999</drugbank-id>
  <name>Newcomer</name>
  <unii/>
  <drug-interactions>
    <drug-interaction><drugbank-id>DB00682</drugbank-id><name>Warfarin</name>
      <description>The other side.</description></drug-interaction>
  </drug-interactions>
</drug>
<drug type="small molecule"><name>Without an id</name></drug>
</drugbank>
"""


def write_drugbank(folder: Path) -> None:
    with zipfile.ZipFile(folder / "drugbank_all_full_database.xml.zip", "w") as archive:
        archive.writestr("full database.xml", DRUGBANK_XML)


def write_sider(folder: Path) -> None:
    (folder / "drug_names.tsv").write_text(
        _lines("CID100004091\tmetformin", "CID100002244\taspirin", "CID199999999\tinvented drug", "no tab")
    )
    flat, stereo = "CID100004091", "CID000004091"
    (folder / "meddra_all_se.tsv").write_text(
        _lines(
            f"{flat}\t{stereo}\tC0018681\tLLT\tC0018681\tHeadache",
            f"{flat}\t{stereo}\tC0018681\tPT\tC0018681\tHeadache",
            f"{flat}\t{stereo}\tC9990005\tPT\tC9990005\tInvented effect",
            "CID188888888\tCID088888888\tC0018681\tPT\tC0018681\tHeadache",
            f"{flat}\t{stereo}\tC0018681\tPT\tC0018681",
        )
    )
    (folder / "meddra_freq.tsv").write_text(
        _lines(
            f"{flat}\t{stereo}\tC0018681\t\t5%\t0.05\t0.05\tPT\tC0018681\tHeadache",
            f"{flat}\t{stereo}\tC0018681\tplacebo\t4%\t0.04\t0.04\tPT\tC0018681\tHeadache",
        )
    )
    (folder / "meddra_all_indications.tsv").write_text(
        _lines(
            f"{flat}\tC0011860\tNLP_indication\tDiabetes\tPT\tC0011860\tType 2 diabetes mellitus",
            f"{flat}\tC0020538\ttext_mention\tHypertension\tPT\tC0020538\tHypertension",
        )
    )


def _hetionet() -> dict:
    disease_ontology = {"source": "Disease Ontology", "license": "CC BY 3.0"}
    sider = {"source": "SIDER 4.1", "license": "CC BY-NC-SA 4.0"}
    return {
        "metanode_kinds": ["Compound", "Disease", "Gene", "Side Effect", "Symptom", "Pharmacologic Class"],
        "metaedge_tuples": [["Compound", "Side Effect", "causes", "both"], ["Compound", "Disease", "treats", "both"]],
        "kind_to_abbrev": {"Compound": "C", "Disease": "D", "treats": "t"},
        "nodes": [
            {"kind": "Compound", "identifier": "DB00331", "name": "Metformin", "data": {"source": "DrugBank"}},
            {"kind": "Disease", "identifier": "DOID:9352", "name": "type 2 diabetes", "data": disease_ontology},
            {"kind": "Symptom", "identifier": "D006261", "name": "Headache", "data": {}},
            {"kind": "Side Effect", "identifier": "C9990005", "name": "Invented effect", "data": sider},
            {"kind": "Pharmacologic Class", "identifier": "N0000175565", "name": "Biguanide", "data": {}},
            {"kind": "Gene", "identifier": 9021, "name": "SOCS3", "data": {}},
            {"kind": "Compound", "name": "Without an identifier"},
        ],
        "edges": [
            {
                "source_id": ["Compound", "DB00331"],
                "target_id": ["Side Effect", "C9990005"],
                "kind": "causes",
                "direction": "both",
                "data": sider,
            },
            {
                "source_id": ["Compound", "DB00331"],
                "target_id": ["Disease", "DOID:9352"],
                "kind": "treats",
                "direction": "both",
                "data": {"source": "PharmacotherapyDB 1.0"},
            },
            {
                "source_id": ["Disease", "DOID:9352"],
                "target_id": ["Symptom", "D006261"],
                "kind": "presents",
                "direction": "both",
                "data": {"source": "MEDLINE cooccurrence", "license": "CC0 1.0"},
            },
            {
                "source_id": ["Pharmacologic Class", "N0000175565"],
                "target_id": ["Compound", "DB00331"],
                "kind": "includes",
                "direction": "both",
                "data": {},
            },
            {
                "source_id": ["Compound", "DB77777"],
                "target_id": ["Side Effect", "C9990005"],
                "kind": "causes",
                "direction": "both",
                "data": sider,
            },
        ],
    }


def write_hetionet(folder: Path) -> None:
    import bz2

    (folder / "hetionet-v1.0.json.bz2").write_bytes(bz2.compress(json.dumps(_hetionet()).encode()))


def write_hetionet_tables(folder: Path) -> None:
    import gzip

    nodes = [
        ("Compound::DB00331", "Metformin", "Compound"),
        ("Disease::DOID:9352", "type 2 diabetes", "Disease"),
        ("Symptom::D006261", "Headache", "Symptom"),
        ("Side Effect::C9990005", "Invented effect", "Side Effect"),
        ("Pharmacologic Class::N0000175565", "Biguanide", "Pharmacologic Class"),
        ("Gene::9021", "SOCS3", "Gene"),
    ]
    (folder / "hetionet-v1.0-nodes.tsv").write_text(_lines("id\tname\tkind", *map("\t".join, nodes), "one field"))
    edges = [
        ("Compound::DB00331", "CcSE", "Side Effect::C9990005"),
        ("Compound::DB00331", "CtD", "Disease::DOID:9352"),
        ("Compound::DB00331", "CpD", "Disease::DOID:9352"),
        ("Disease::DOID:9352", "DpS", "Symptom::D006261"),
        ("Pharmacologic Class::N0000175565", "PCiC", "Compound::DB00331"),
        ("Gene::9021", "GpBP", "Biological Process::GO:0071357"),
        ("Compound::DB77777", "CcSE", "Side Effect::C9990005"),
    ]
    text = _lines("source\tmetaedge\ttarget", *map("\t".join, edges))
    (folder / "hetionet-v1.0-edges.sif.gz").write_bytes(gzip.compress(text.encode()))


def write_primekg(folder: Path) -> None:
    header = "relation,display_relation,x_index,x_id,x_type,x_name,x_source,y_index,y_id,y_type,y_name,y_source"
    drug = "1,DB00331,drug,Metformin,DrugBank"
    disease = "2,5148,disease,type 2 diabetes mellitus,MONDO"
    grouped = '3,5044_1134_15512,disease,"hypertension, invented group",MONDO_grouped'
    headache = "4,2315,effect/phenotype,Headache,HPO"
    potassium = "5,2153,effect/phenotype,Hyperkalemia,HPO"
    (folder / "kg.csv").write_text(
        _lines(
            header,
            "protein_protein,ppi,0,9796,gene/protein,PHYHIP,NCBI,8889,56992,gene/protein,KIF15,NCBI",
            f"indication,indication,{drug},{disease}",
            f"indication,indication,{disease},{drug}",
            f"contraindication,contraindication,{drug},{grouped}",
            f"disease_phenotype_positive,phenotype present,{disease},{headache}",
            f"disease_phenotype_negative,phenotype absent,{potassium},{disease}",
            f"drug_effect,side effect,{drug},{potassium}",
            f"drug_drug,synergistic interaction,{drug},6,DB00945,drug,Acetylsalicylic acid,DrugBank",
            f"drug_drug,synergistic interaction,6,DB00945,drug,Acetylsalicylic acid,DrugBank,{drug}",
            f"indication,indication,{drug},7,abc,disease,Strange id,MONDO",
            f"indication,indication,{drug}",
            f'off-label use,off-label use,{drug},"8,9',
        )
    )


def write_xlsx(path: Path, rows: list[list[str]]) -> None:
    """A workbook as Every Cure's are: one sheet, strings inline."""

    def cell(column: int, row: int, text: str) -> str:
        escaped = text.replace("&", "&amp;").replace("<", "&lt;")
        return f'<c r="{chr(65 + column)}{row}" t="inlineStr"><is><t>{escaped}</t></is></c>' if text else ""

    body = "".join(
        f'<row r="{n}">{"".join(cell(c, n, text) for c, text in enumerate(row))}</row>' for n, row in enumerate(rows, 1)
    )
    sheet = (
        '<worksheet xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main">'
        f"<sheetData>{body}</sheetData></worksheet>"
    )
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("xl/worksheets/sheet1.xml", sheet)


def write_everycure(folder: Path) -> None:
    columns = [f"final normalized {what}" for what in ("drug id", "drug label", "disease id", "disease label")]
    write_xlsx(
        folder / "matrix_indication_list.xlsx",
        [
            [*columns, "drug|disease"],
            ["CHEBI:6801", "Metformin", DIABETES, "type 2 diabetes mellitus", "x"],
            ["CHEBI:99999", "Invented remedy", "UMLS:C9990001", "Invented disorder", "x"],
            ["CHEBI:6801", "Metformin", "", "", "x"],
            ["RXCUI:1", "Metformin / invented remedy", HYPERTENSION, "hypertension", "x"],
        ],
    )
    write_xlsx(
        folder / "matrix_contraindication_list.xlsx",
        [
            ["active ingredient", "disease contraindicated", *columns, "is_allergen"],
            ["metformin", "hypertension", "CHEBI:6801", "Metformin", HYPERTENSION, "hypertension", "FALSE"],
            ["pollen", "asthma", "UNII:1", "pollen extract", "MONDO:0004979", "asthma", "TRUE"],
            ["nameless", "hypertension", "CHEBI:88888", "", HYPERTENSION, "hypertension", "FALSE"],
        ],
    )
    write_xlsx(
        folder / "merged_drugList.xlsx",
        [
            ["curie", "curie_label", "alternate_ids", "combination_therapy", "ingredient_ids"],
            ["CHEBI:6801", "Metformin", "['CHEBI:6801', 'DRUGBANK:DB00331']", "False", ""],
            ["RXCUI:1", "Metformin / invented remedy", "['RXCUI:1']", "True", "['CHEBI:6801', 'X:9', ['Error']]"],
        ],
    )


def write_hpo(folder: Path) -> None:
    (folder / "hp.obo").write_text(
        """format-version: 1.2
data-version: hp/releases/2026-02-16
ontology: hp/hp

[Term]
id: HP:0000118
name: Phenotypic abnormality

[Term]
id: HP:0002315
name: Cephalalgia
synonym: "Head pain" EXACT layperson []
xref: UMLS:C0018681
is_a: HP:0000118 ! Phenotypic abnormality

[Term]
id: HP:9900001
name: Invented headache
is_a: HP:0002315 ! Cephalalgia

[Term]
id: HP:9900002
is_a: HP:0002315

[Term]
id: HP:0003577
name: Congenital onset

[Term]
id: HP:0000002
name: Gone
is_obsolete: true
"""
    )
    columns = (
        "database_id disease_name qualifier hpo_id reference evidence onset frequency sex modifier aspect biocuration"
    )
    row = "{0}\t{1}\t{2}\t{3}\tPMID:1\tPCS\t{4}\t{5}\t\t\t{6}\tHPO:x"
    (folder / "phenotype.hpoa").write_text(
        _lines(
            "#description: invented",
            "#version: 2026-02-16",
            "\t".join(columns.split()),
            row.format("OMIM:125853", "Diabetes", "", "HP:0002315", "HP:0003577", "1/4", "P"),
            row.format("ORPHA:1", "The same by another id", "", "HP:0002315", "", "2/4", "P"),
            row.format("ORPHA:999999", "Invented rare disease", "NOT", "HP:9900001", "", "", "P"),
            row.format("ORPHA:999999", "Invented rare disease", "", "HP:0000006", "", "", "I"),
            row.format("ORPHA:999999", "Invented rare disease", "", "HP:7777777", "", "", "P"),
            row.format("nothing", "No id", "", "HP:0002315", "", "", "P"),
            "one field",
        )
    )


def write_loinc2hpo(folder: Path) -> None:
    header = "loincId loincScale outcome hpoTermId supplementalTermId curation comment"
    row = "{0}\t{1}\t{2}\t{3}\t.\tHPO:x[2020-01-01]\t."
    (folder / "loinc2hpo-annotations.tsv").write_text(
        _lines(
            "\t".join(header.split()),
            row.format("6298-4", "Qn", "H", HYPERKALEMIA),
            row.format("6298-4", "Qn", "N", HYPERKALEMIA),
            row.format("9999-9", "Ord", "POS", HEADACHE),
            row.format("6298-4", "Qn", "L", "HP:7777777"),
            row.format("no code", "Qn", "L", HYPERKALEMIA),
            "6298-4\tQn",
        )
    )
    (folder / "LoincTableCore.csv").write_text(
        _lines('"LOINC_NUM","COMPONENT","LONG_COMMON_NAME"', '"6298-4","Potassium","Potassium [Moles/volume] in Blood"')
    )


def write_kgx(folder: Path) -> None:
    (folder / "sample_nodes.tsv").write_text(
        _lines(
            "id\tcategory\tname\txref\tsynonym\tprovided_by",
            "CHEBI:6801\tbiolink:SmallMolecule|biolink:NamedThing\tmetformin\tDRUGBANK:DB00331\t\t",
            "X:1\tbiolink:Disease\tInvented disorder\t\tIllness one|Illness 1\tinfores:invented",
            "HGNC:1\tbiolink:Gene\tA gene\t\t\t",
            "X:2\t\tWithout a category\t\t\t",
            "X:3\tbiolink:Disease",
        )
    )
    (folder / "sample_edges.tsv").write_text(
        _lines(
            "id\tsubject\tpredicate\tobject\tprimary_knowledge_source\tconfidence",
            "e1\tCHEBI:6801\tbiolink:treats\tX:1\tinfores:invented\t0.7",
            "e2\tX:1\tbiolink:subclass_of\tMONDO:0005148\tinfores:invented\t",
            "e3\tCHEBI:6801\tbiolink:contraindicated_in\tMONDO:0005044\t\t",
            "e4\tCHEBI:6801\tbiolink:treats\tMONDO:0005044\tinfores:repodb\t",
            "e5\tCHEBI:6801\tbiolink:affects\tHGNC:1\tinfores:invented\t",
            "e6\tCHEBI:6801\tbiolink:treats\tX:99\tinfores:invented\t",
            "e7\tCHEBI:6801\tbiolink:treats\tMONDO:0005044\tinfores:invented\thigh",
        )
    )


_HETIONET_FACTS = frozenset(
    {
        ("HAS_ADVERSE_EVENT", METFORMIN, "UMLS:C9990005"),
        ("HAS_PHENOTYPE", DIABETES, HEADACHE),
        ("IN_CLASS", METFORMIN, "NDFRT:N0000175565"),
    }
)

SAMPLES: dict[str, Sample] = {
    "rxnorm": Sample(
        write_rxnorm,
        frozenset(
            {
                ("HAS_INGREDIENT", "RXNORM:151827", METFORMIN),
                ("HAS_INGREDIENT", "RXNORM:235743", METFORMIN),
                ("HAS_INGREDIENT", "RXNORM:861007", METFORMIN),
            }
        ),
        frozenset({"RXNORM:151827", "RXNORM:235743", "RXNORM:861007"}),
        (
            ("RXNCONSO.RRF line 12", "fields where 18 belong"),
            ("RXNCONSO.RRF line 13", "has no name"),
            ("RXNREL.RRF line 6", "RXNORM:424242"),
            ("RXNREL.RRF line 7", "fields where 16 belong"),
        ),
        "free to use",
    ),
    "umls": Sample(
        write_umls,
        frozenset(
            {
                ("TREATS", METFORMIN, DIABETES),
                ("CONTRAINDICATED_IN", METFORMIN, "UMLS:C9990001"),
                ("SUBCLASS_OF", "UMLS:C9990001", DIABETES),
                ("HAS_PHENOTYPE", "UMLS:C9990001", HEADACHE),
            }
        ),
        frozenset({"UMLS:C9990001"}),
        (("MRCONSO.RRF line 8", "fields where 18 belong"), ("MRREL.RRF line 7", "fields where 16 belong")),
        "UMLS Metathesaurus licence",
    ),
    "snomed": Sample(
        write_snomed,
        frozenset({("SUBCLASS_OF", "SNOMED:900001", DIABETES), ("HAS_INGREDIENT", "SNOMED:900002", METFORMIN)}),
        frozenset({"SNOMED:900001", "SNOMED:900002"}),
        (
            ("sct2_Concept_Snapshot_INT_20240901.txt line 9", "2 fields where the header has 5"),
            ("sct2_Description_Snapshot-en_INT_20240901.txt line 7", "no semantic tag"),
            ("sct2_Relationship_Snapshot_INT_20240901.txt line 6", "no number"),
        ),
        "SNOMED CT affiliate licence",
        "2024-09-01",
    ),
    "drugbank": Sample(
        write_drugbank,
        frozenset(
            {
                ("INTERACTS_WITH", WARFARIN, ASPIRIN),
                ("INTERACTS_WITH", WARFARIN, "DRUGBANK:DB99999"),
                ("IN_CLASS", WARFARIN, "MESH:D000925"),
                ("IN_CLASS", WARFARIN, "ATC:B01AA"),
            }
        ),
        frozenset({"DRUGBANK:DB99999", "MESH:D000925", "ATC:B01AA"}),
        (
            ("full database.xml line 5", "DRUGBANK:DB88888 is no concept"),
            ("full database.xml line 37", "no DrugBank id"),
        ),
        "CC BY-NC 4.0",
        "5.1 of 2024-03-14",
    ),
    "sider": Sample(
        write_sider,
        frozenset(
            {
                ("HAS_ADVERSE_EVENT", METFORMIN, HEADACHE),
                ("HAS_ADVERSE_EVENT", METFORMIN, "UMLS:C9990005"),
                ("TREATS", METFORMIN, DIABETES),
            }
        ),
        frozenset({"PUBCHEM.COMPOUND:99999999", "UMLS:C9990005"}),
        (
            ("drug_names.tsv line 4", "1 fields where 2 belong"),
            ("meddra_all_se.tsv line 4", "PUBCHEM.COMPOUND:88888888 is no concept"),
            ("meddra_all_se.tsv line 5", "5 fields where 6 belong"),
        ),
        "CC BY-NC-SA 4.0",
    ),
    "hetionet": Sample(
        write_hetionet,
        _HETIONET_FACTS,
        frozenset({"UMLS:C9990005", "NDFRT:N0000175565"}),
        (
            ("hetionet-v1.0.json.bz2 nodes item 7", "not as hetio writes it"),
            ("hetionet-v1.0.json.bz2 edges item 5", "DRUGBANK:DB77777 is no concept"),
        ),
        "C",
        "v1.0",
    ),
    "hetionet-tables": Sample(
        write_hetionet_tables,
        _HETIONET_FACTS,
        frozenset({"UMLS:C9990005", "NDFRT:N0000175565"}),
        (
            ("hetionet-v1.0-nodes.tsv line 8", "1 fields where the header has 3"),
            ("hetionet-v1.0-edges.sif.gz line 8", "DRUGBANK:DB77777 is no concept"),
        ),
        "CC0 for the network",
        "v1.0",
    ),
    "primekg": Sample(
        write_primekg,
        frozenset(
            {
                ("TREATS", METFORMIN, DIABETES),
                ("CONTRAINDICATED_IN", METFORMIN, "PRIMEKG:5044_1134_15512"),
                ("HAS_PHENOTYPE", DIABETES, HEADACHE),
                ("HAS_PHENOTYPE", DIABETES, HYPERKALEMIA),
                ("HAS_ADVERSE_EVENT", METFORMIN, HYPERKALEMIA),
                ("INTERACTS_WITH", METFORMIN, ASPIRIN),
            }
        ),
        frozenset({"PRIMEKG:5044_1134_15512"}),
        (
            ("kg.csv line 11", '"abc" is no id of MONDO'),
            ("kg.csv line 12", "7 fields where the header has 12"),
            ("kg.csv line 13", "cannot be split"),
        ),
        "C",
    ),
    "everycure": Sample(
        write_everycure,
        frozenset(
            {
                ("TREATS", METFORMIN, DIABETES),
                ("TREATS", "CHEBI:99999", "UMLS:C9990001"),
                ("CONTRAINDICATED_IN", METFORMIN, HYPERTENSION),
                ("TREATS", "RXNORM:1", HYPERTENSION),
                ("HAS_INGREDIENT", "RXNORM:1", METFORMIN),
            }
        ),
        frozenset({"CHEBI:99999", "UMLS:C9990001", "RXNORM:1"}),
        (
            ("matrix_indication_list.xlsx row 4", "no id of a disease"),
            ("matrix_contraindication_list.xlsx row 4", "CHEBI:88888 is not in the graph and has no name"),
            ("matrix_contraindication_list.xlsx row 4", "CHEBI:88888 is no concept"),
        ),
        "none stated by the source",
    ),
    "hpo": Sample(
        write_hpo,
        frozenset(
            {
                ("SUBCLASS_OF", HEADACHE, ABNORMALITY),
                ("SUBCLASS_OF", "HP:9900001", HEADACHE),
                ("HAS_PHENOTYPE", DIABETES, HEADACHE),
                ("HAS_PHENOTYPE", "ORPHA:999999", "HP:9900001"),
            }
        ),
        frozenset({"HP:9900001", "ORPHA:999999"}),
        (
            ("hp.obo line 21", "HP:9900002 has no name"),
            ("phenotype.hpoa line 8", "HP:7777777 is no concept"),
            ("phenotype.hpoa line 9", '"nothing"'),
            ("phenotype.hpoa line 10", "1 fields where the header has 12"),
        ),
        "HPO licence",
        "2026-02-16",
    ),
    "loinc2hpo": Sample(
        write_loinc2hpo,
        frozenset({("REVEALS", "LOINC:6298-4", HYPERKALEMIA), ("REVEALS", "LOINC:9999-9", HEADACHE)}),
        frozenset({"LOINC:6298-4", "LOINC:9999-9"}),
        (
            ("loinc2hpo-annotations.tsv line 5", "HP:7777777 is no concept"),
            ("loinc2hpo-annotations.tsv line 6", '"no code"'),
            ("loinc2hpo-annotations.tsv line 7", "2 fields where the header has 7"),
        ),
        "research use only",
    ),
    "kgx": Sample(
        write_kgx,
        frozenset({("TREATS", METFORMIN, "X:1"), ("SUBCLASS_OF", "X:1", DIABETES)}),
        frozenset({"X:1"}),
        (
            ("sample_nodes.tsv line 5", "X:2 has no category"),
            ("sample_nodes.tsv line 6", "2 fields where the header has 6"),
            ("sample_edges.tsv line 4", "a fact without a source does not load"),
            ("sample_edges.tsv line 7", "X:99 is no concept"),
            ("sample_edges.tsv line 8", '"confidence" should be float'),
        ),
        "CC0 (invented)",
    ),
}
