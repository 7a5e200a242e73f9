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

    A heading is matched by its preferred term (the same as a preferred or exact name that one concept alone
    bears), by Mondo's own mapping, and for drugs by CAS number. An id also goes to a concept without one whose
    preferred name is an entry term of the heading: entry terms are what MeSH holds for the same.
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
        for term in (heading.name, *heading.terms):
            draft.add_name(main, _natural(term), "exact", "mesh")
    _xrefs_by_entry_term(draft, headings)
    _add_hierarchy(draft, headings, home)
    _read_supplement(draft, files, cas)


def _match(draft: Draft, headings: list[Heading], cas: dict[str, str], symptoms: set[str]) -> dict[str, list[str]]:
    """Heading -> our concepts that are the same, the main one first."""
    mapped = by_xref(draft, "MESH:") | by_xref(draft, "MESH:", "PhenotypicFeature")
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
        if any(tree[0] in "CFGE" for tree in heading.trees):
            pair = [diseases.get(key), mapped.get(heading.id), features.get(key)]
            if heading.id in symptoms or (pair[0] is None and pair[2] is not None):
                pair.reverse()
            found += pair
        elif not heading.trees:
            found.append(mapped.get(heading.id))
        concepts = list(dict.fromkeys(id_ for id_ in found if id_))
        if concepts:
            home[heading.id] = concepts
    return home


def _xrefs_by_entry_term(draft: Draft, headings: list[Heading]) -> None:
    """Also "X cancer" under the heading "X neoplasms": MeSH has no cancers, and indexes them there."""
    bare = {
        label: names_to_concepts(draft, *labels, kinds=("preferred",))
        for label, labels in (("C", ("Disease", "PhenotypicFeature")), ("D", ("Drug", "DrugClass")))
    }
    has_one = {id_ for id_, node in draft.nodes.items() if any(x.startswith("MESH:") for x in node["xrefs"])}
    for heading in headings:
        letters = {tree[0] for tree in heading.trees}
        table = bare["D"] if "D" in letters else bare["C"] if letters & set("CF") else {}
        names = [heading.name, *heading.terms]
        names += [name.replace("Neoplasm", "Cancer") for name in names if "Neoplasm" in name]
        for term in names:
            id_ = table.get(key_of(_natural(term)))
            if id_ is not None and id_ not in has_one and not id_.startswith("MESH:"):
                draft.add_xref(id_, heading.id)
                draft.counts["mesh: ids by entry term"] += 1


def _read_supplement(draft: Draft, files: SourceFiles, cas: dict[str, str]) -> None:
    """Ids and names of the supplementary records whose CAS number or name is that of a drug."""
    drugs = names_to_concepts(draft, "Drug")
    with files.open("mesh", "mesh_supp_id_label_mappings.tsv") as lines:
        for line in lines:
            fields = (line.rstrip("\r\n") + "\t\t").split("\t")
            record = f"MESH:{fields[0]}"
            id_ = cas.get(record) or drugs.get(key_of(fields[1]))
            if id_ is not None and id_.startswith("DRUGBANK:"):
                draft.add_xref(id_, record)
                for name in (fields[1], *fields[2].split("|")):
                    draft.add_name(id_, name, "exact", "mesh")


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
