"""A medical knowledge graph with its patients: what an application opens, fills and asks."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import cached_property
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any

from ..schemas.advice import PatientState
from ..schemas.annotation import AnnotatedNote
from ..schemas.patient import PatientRecord, Reply
from ..schemas.problems import UserError
from .loading.loader import Loader, LoadReport
from .loading.patients import ask, patient_record, patient_state
from .stores.base import GraphStore
from .stores.opening import open_store

if TYPE_CHECKING:
    from .advice.view import KnowledgeView

DISEASE_LABELS = frozenset({"Disease"})


class Graph:
    """One graph: world knowledge and patients in one store.

    Use :func:`open_graph` to make one.

    Examples
    --------
    >>> from clinigraph.schemas.annotation import Mention, Note
    >>> note = Note(note_id="n1", patient_id="p1", text="Pneumonia.")
    >>> mention = Mention(note_id="n1", start=0, end=9, text="Pneumonia", label="DISEASE")
    >>> with open_graph(":memory:", knowledge=False) as graph:
    ...     _ = graph.add([AnnotatedNote(note=note, mentions=(mention,))])
    ...     [(fact.name, fact.answer) for fact in graph.patient("p1").facts]
    [('Pneumonia', 'yes')]
    """

    def __init__(self, store: GraphStore, *, store_text: bool = False) -> None:
        self.store = store
        self._loader = Loader(store, store_text=store_text)

    def __enter__(self) -> Graph:
        return self

    def __exit__(self, kind: type[BaseException] | None, value: object, trace: TracebackType | None) -> None:
        self.close()

    def close(self) -> None:
        """Close the store. Closing twice does nothing."""
        self.store.close()

    def add(self, annotations: AnnotatedNote | Iterable[AnnotatedNote], *, batch_size: int = 64) -> LoadReport:
        """Add annotated notes: each batch and the facts that follow from it in one transaction.

        Adding the same notes again, or in another order, gives the same graph.
        """
        notes = [annotations] if isinstance(annotations, AnnotatedNote) else annotations
        report, batch = LoadReport(), list[AnnotatedNote]()
        for annotated in notes:
            batch.append(annotated)
            if len(batch) >= batch_size:
                report, batch = report + self._loader.add(batch), []
        return report + self._loader.add(batch)

    def holds(self, note_id: str, text_hash: str, pipeline: str) -> bool:
        """True if the note is there with this text, annotated by this pipeline."""
        return self._loader.unchanged(pipeline, note_id, text_hash)

    def withdraw(self, note_id: str) -> bool:
        """Remove a note, its mentions, and what rested on them alone. False if it is not there."""
        return self._loader.withdraw(note_id)

    def patients(self) -> Iterator[str]:
        """Ids of all patients."""
        return (row["id"] for row in self.store.nodes("Patient"))

    def patient(self, patient_id: str) -> PatientRecord:
        """All facts of a patient with their evidence.

        Raises
        ------
        UserError
            If there is no such patient.
        """
        return patient_record(self.store, patient_id)

    def ask(self, patient_id: str, concept_id: str) -> Reply:
        """Does the patient have this disease or finding, take this drug, have this allergy? Four answers.

        Kinds of the concept count: asked for diabetes mellitus, a type 2 diabetes is a yes.
        """
        label = self._label(concept_id)
        kinds = ("MedicationStatement",) if label in ("Drug", "DrugClass") else ("Condition",)
        name = str((self.store.node(label, concept_id) or {}).get("name", ""))
        return ask(self.patient(patient_id), concept_id, kinds, self._descendants(concept_id), name)

    def state(self, patient_id: str) -> PatientState:
        """What the advice functions take: ``diagnose(graph.state(id), graph.knowledge)``."""
        record = self.patient(patient_id)
        labels = self.store.resolve(sorted({f.concept_id for f in record.facts if f.concept_id}))
        return patient_state(record, lambda concept: labels.get(concept) in DISEASE_LABELS)

    @cached_property
    def knowledge(self) -> KnowledgeView:
        """The graph's world knowledge, compiled for the advice functions.

        Compiling takes some seconds; the result is kept in the user's cache folder (``CLINIGRAPH_CACHE``, else
        ``$XDG_CACHE_HOME/clinigraph`` or ``~/.cache/clinigraph``), by the content of the knowledge. Nothing of a
        patient is in it.
        """
        from .advice.cache import cache_file, knowledge_version
        from .advice.view import KnowledgeView

        version = knowledge_version(self.store)
        return KnowledgeView.compile(self.store, version=version, cache=cache_file(version))

    def query(self, name: str, **parameters: Any) -> list[dict[str, Any]]:
        """Run a named query of the library; :meth:`query_names` lists them."""
        return self.store.run(name, **parameters)

    def query_names(self) -> list[str]:
        """Names of the queries that :meth:`query` knows."""
        return self.store.query_names()

    def counts(self) -> dict[str, dict[str, int]]:
        """How many nodes of each label and relationships of each type there are."""
        return self.store.counts()

    def _label(self, concept_id: str) -> str:
        labels = self.store.resolve([concept_id])
        if concept_id not in labels:
            raise UserError(
                f"the graph has no concept {concept_id!r}", "find its id with: clinigraph graph query concept_search"
            )
        return labels[concept_id]

    def _descendants(self, concept_id: str) -> Sequence[str]:
        found: dict[str, None] = {}
        layer = [concept_id]
        while layer:
            below = {
                e["source"] for type_ in ("SUBCLASS_OF", "IN_CLASS") for e in self.store.edges(type_, target=layer)
            }
            layer = sorted(below - found.keys() - {concept_id})
            found.update(dict.fromkeys(layer))
        return list(found)


def open_graph(
    location: str | Path,
    *,
    knowledge: bool = True,
    read_only: bool = False,
    store_text: bool = False,
    create: bool = True,
    progress: Callable[[str], None] | None = None,
) -> Graph:
    """Open a graph, or make one with the knowledge that comes with the package.

    Parameters
    ----------
    location
        A file (the embedded store; ``":memory:"`` for none), or ``bolt://...``, ``neo4j://...`` (a Neo4j server;
        user, password and database come from NEO4J_USERNAME, NEO4J_PASSWORD and NEO4J_DATABASE).
    knowledge
        Load the shipped knowledge if it is not there yet, or is of another version.
    read_only
        Refuse to write.
    store_text
        Keep the texts of notes and sentences in the graph. Notes are patients: off unless asked for.
    create
        Make the file if it does not exist.
    progress
        Told what goes on, in a few words.

    Raises
    ------
    UserError
        If the file is no graph or cannot be opened, or the server does not answer or refuses.
    """
    store = open_store(location, read_only=read_only, create=create)
    try:
        if knowledge and not read_only:
            from .knowledge.loading import load_knowledge

            if progress:
                progress("loading the medical knowledge")
            load_knowledge(store)
    except BaseException:
        store.close()
        raise
    return Graph(store, store_text=store_text)
