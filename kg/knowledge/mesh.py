"""MeSH: entry terms and ids for the concepts we have, and concepts for what no other source has."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from .diseases import by_xref
from .draft import Draft, key_of
from .findings import names_to_concepts
from .sources import SourceFiles

# Branch of the tree -> label of a heading there that no other source has, in this order.
BRANCHES = (
    ("C23", "PhenotypicFeature"),
    ("C22", ""),  # animal diseases
    ("C", "Disease"),
    ("F03", "Disease"),
    ("D27.505", "DrugClass"),
    ("D27", ""),
    ("D08", ""),  # enzymes, proteins, nucleotides, complex substances: no drugs unless DrugBank has them
    ("D12", ""),
    ("D13", ""),
    ("D23", ""),
    ("D25", ""),
    ("D05", ""),
    ("D", "Drug"),
    ("E01", "Procedure"),
    ("E02", "Procedure"),
    ("E04", "Procedure"),
    ("E06", "Procedure"),
    ("A11", ""),  # cells
    ("A13", ""),  # animals
    ("A18", ""),  # plants
    ("A19", ""),
    ("A20", ""),
    ("A21", ""),
    ("A", "AnatomicalEntity"),
)

# First letter of a place in the tree -> labels whose preferred names are looked for among the entry terms.
_ENTRY_TERMS = {"C": ("Disease", "PhenotypicFeature"), "D": ("Drug", "DrugClass")}


@dataclass(frozen=True)
class Heading:
    """One descriptor: id, preferred term, entry terms, places in the tree."""

    id: str
    name: str
    terms: tuple[str, ...]
    trees: tuple[str, ...]


def read_headings(files: SourceFiles) -> Iterator[Heading]:
    """Yield the descriptors."""
    with files.open("mesh", "mesh_id_label_mappings.tsv") as lines:
        for line in lines:
            fields = (line.rstrip("\r\n") + "\t\t\t").split("\t")
            terms = tuple(t for t in fields[2].split("|") if t)
            yield Heading(f"MESH:{fields[0]}", fields[1], terms, tuple(t for t in fields[3].split("|") if t))


def label_of(trees: tuple[str, ...]) -> str:
    """The label of a heading by its branches; empty if it is none of our concern.

    Examples
    --------
    >>> label_of(("C14.907.489",)), label_of(("B01.050",))
    ('Disease', '')
    """
    for branch, label in BRANCHES:
        if any(_under(tree, branch) for tree in trees) and (label or len(trees) == 1):
            return label
    return ""


def _under(tree: str, branch: str) -> bool:
    return tree == branch or (tree.startswith(branch) and (len(branch) == 1 or tree[len(branch)] == "."))


def read_mesh(draft: Draft, files: SourceFiles) -> None:
    """Add MeSH ids and entry terms; and headings of our branches that match nothing as concepts of their own.

    A heading is matched by its preferred term (the same as a preferred name, or as an exact one where Mondo maps
    nothing else, that one concept alone bears), by Mondo's own mapping, and for drugs by CAS number. An id also goes
    to concepts without one whose preferred name is an entry term of the heading: entry terms are what MeSH holds for
    the same.
    """
    symptom_ids = {f"MESH:{row['mesh_id']}" for row in files.rows("mesh-symptoms", "symptoms.tsv")}
    headings = list(read_headings(files))
    cas = _ids_by_cas(draft, files)
    home = _match(draft, headings, cas, symptom_ids)
    for heading in headings:
        label = label_of(heading.trees)
        if heading.id not in home:
            if not label:
                continue
            if heading.id in symptom_ids and label == "Disease":
                label = "PhenotypicFeature"
            draft.add_node(label, heading.id, _natural(heading.name), "mesh")
            home[heading.id] = [heading.id]
        for id_ in home[heading.id]:
            draft.add_xref(id_, heading.id)
        main = home[heading.id][0]
        if main != heading.id and heading.id not in draft.nodes:
            draft.aliases.setdefault(heading.id, main)  # for tables of ours that name the heading
        for term in (heading.name, *heading.terms):
            draft.add_name(main, _natural(term), "exact", "mesh")
    _xrefs_by_entry_term(draft, headings)
    _add_hierarchy(draft, headings, home)
    _read_supplement(draft, files, cas)


def _match(draft: Draft, headings: list[Heading], cas: dict[str, str], symptoms: set[str]) -> dict[str, list[str]]:
    """Heading -> our concepts that are the same, the main one first."""
    mapped, mapped_findings = by_xref(draft, "MESH:"), by_xref(draft, "MESH:", "PhenotypicFeature")
    diseases = names_to_concepts(draft, "Disease")
    features = names_to_concepts(draft, "PhenotypicFeature")
    drugs = names_to_concepts(draft, "Drug")
    classes = names_to_concepts(draft, "DrugClass")
    home: dict[str, list[str]] = {}
    for heading in headings:
        key = key_of(_natural(heading.name))
        found: list[str | None] = []
        if any(tree[0] == "D" for tree in heading.trees):
            found += [drugs.get(key), cas.get(heading.id)]
            found += [classes.get(key_of(_natural(name))) for name in (heading.name, *heading.terms)]
        if label_of(heading.trees) == "Procedure":  # a finding of that name is its trace: "hysterectomy" in the past
            pass
        elif any(tree[0] in "CFGE" for tree in heading.trees):
            by_name, by_id = diseases.get(key), mapped.get(heading.id)
            if by_name and by_id and by_name != by_id and key_of(draft.nodes[by_name]["name"]) != key:
                by_name = None  # a mere synonym does not go before Mondo's mapping: "chronic kidney failure"
            pair = [by_name, by_id, mapped_findings.get(heading.id), features.get(key)]
            if heading.id in symptoms or (by_name is None and pair[3] is not None):
                pair.reverse()
            found += pair
        elif not heading.trees:
            found.append(mapped.get(heading.id) or mapped_findings.get(heading.id))
        concepts = list(dict.fromkeys(id_ for id_ in found if id_))
        if concepts:
            home[heading.id] = concepts
    return home


def _xrefs_by_entry_term(draft: Draft, headings: list[Heading]) -> None:
    """Also "X cancer" under the heading "X neoplasms": MeSH has no cancers, and indexes them there.

    Done kind by kind, so that a disease and a finding of one name ("myopathy") both get the id, and so does a
    concept of our own beside the one of an ontology.
    """
    tables = {letter: [_without_mesh_id(draft, label) for label in labels] for letter, labels in _ENTRY_TERMS.items()}
    for heading in headings:
        letters = {tree[0] for tree in heading.trees}
        wanted = tables["D"] if "D" in letters else tables["C"] if letters & set("CF") else []
        names = [heading.name, *heading.terms]
        names += [name.replace("Neoplasm", "Cancer") for name in names if "Neoplasm" in name]
        keys = dict.fromkeys(key_of(_natural(term)) for term in names)
        for id_ in sorted({id_ for table in wanted for key in keys for id_ in table.get(key, ())}):
            draft.add_xref(id_, heading.id)
            draft.counts["mesh: ids by entry term"] += 1


def _without_mesh_id(draft: Draft, label: str) -> dict[str, list[str]]:
    """Normalised preferred name -> concepts of a label that carry no MeSH id yet."""
    found: dict[str, list[str]] = {}
    for id_, node in draft.nodes.items():
        if node["label"] == label and not any(x.startswith("MESH:") for x in (id_, *node["xrefs"])):
            found.setdefault(key_of(node["name"]), []).append(id_)
    return found


def _read_supplement(draft: Draft, files: SourceFiles, cas: dict[str, str]) -> None:
    """Ids and names of the supplementary records that are a drug (by CAS number or name) or a disease (by name).

    A disease is the same if a name of the record is the preferred name of one disease without a MeSH id, or if its
    heading term is a name that one such disease alone bears. Names are taken from records of drugs only: those of
    diseases hold gene symbols.
    """
    drugs = names_to_concepts(draft, "Drug")
    named, preferred = names_to_concepts(draft, "Disease"), _without_mesh_id(draft, "Disease")
    free = {id_ for ids in preferred.values() for id_ in ids}
    with files.open("mesh", "mesh_supp_id_label_mappings.tsv") as lines:
        for line in lines:
            fields = (line.rstrip("\r\n") + "\t\t").split("\t")
            record, terms = f"MESH:{fields[0]}", (fields[1], *fields[2].split("|"))
            id_ = cas.get(record) or drugs.get(key_of(fields[1]))
            if id_ is not None and id_.startswith("DRUGBANK:"):
                draft.add_xref(id_, record)
                for name in terms:
                    draft.add_name(id_, name, "exact", "mesh")
                continue
            same = {i for term in terms if term for i in preferred.get(key_of(_natural(term)), ())}
            own = named.get(key_of(_natural(fields[1])))
            same |= {own} & free if own else set()
            if len(same) == 1 and id_ is None:
                draft.add_xref(same.pop(), record)
                draft.counts["mesh: ids of supplementary diseases"] += 1


def _ids_by_cas(draft: Draft, files: SourceFiles) -> dict[str, str]:
    """MeSH id -> drug, by CAS number; numbers that several headings claim are left out."""
    drugs = by_xref(draft, "CAS:", "Drug")
    claims: dict[str, list[str]] = {}
    with files.open("mesh", "mesh_cas_mappings.tsv") as lines:
        for line in lines:
            mesh, _, number = line.strip().partition("\t")
            if f"CAS:{number}" in drugs:
                claims.setdefault(f"CAS:{number}", []).append(f"MESH:{mesh}")
    return {ids[0]: drugs[number] for number, ids in claims.items() if len(ids) == 1}


def _natural(name: str) -> str:
    """Undo MeSH's inversion, so that a person can read the name.

    Examples
    --------
    >>> _natural("Leukemia, Myeloid, Acute")
    'Acute Myeloid Leukemia'
    """
    parts = name.split(", ")
    if len(parts) == 1 or " and " in name or any(c.isdigit() for c in parts[-1]):
        return name
    return " ".join(reversed(parts))


def _add_hierarchy(draft: Draft, headings: list[Heading], home: dict[str, list[str]]) -> None:
    """SUBCLASS_OF from the tree, for the concepts that MeSH alone gave."""
    at = {tree: heading.id for heading in headings for tree in heading.trees}
    for heading in headings:
        if home.get(heading.id, [""])[0] != heading.id:
            continue
        parents = {at.get(tree.rpartition(".")[0], "") for tree in heading.trees}
        for parent in sorted({home[p][0] for p in parents if p in home} - {heading.id}):
            draft.add_edge("SUBCLASS_OF", heading.id, parent, "mesh")
