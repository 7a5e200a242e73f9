"""The component ``clinigraph_sections``."""

from __future__ import annotations

from pathlib import Path

from spacy.language import Language
from spacy.tokens import Doc

from ...extensions import doc_text, register_extensions
from .headings import find_sections


class SectionFinder:
    """Divide a note into sections and say what kind each is, in ``doc._.sections``.

    Headings it reads: in capitals or not, before a colon (``Past Medical History:``), numbered (``3. PLAN:``), in
    Markdown (``## Plan``), alone on a line, inside a line (``PMH: HTN, DM2. Meds: lisinopril``), and after a comma
    that stands for a line break (``ALLERGIES:, None.,PLAN:, ...``). Titles and kinds stand in ``sections.csv``.

    Kinds: chief_complaint, hpi, past_medical_history, past_surgical_history, medications, discharge_medications,
    allergies, family_history, social_history, review_of_systems, physical_exam, vitals, labs, imaging, procedures,
    hospital_course, assessment, plan, assessment_plan, diagnosis, instructions, follow_up, immunizations,
    prophylaxis, other; "unknown" above the
    first heading. A heading that is not in the table opens "other", except under headings that have parts of
    their own (a body system under the physical exam stays physical exam).

    Parameters
    ----------
    nlp
        The pipeline (not used).
    name
        The component's name in it.

    Notes
    -----
    Sections are contiguous and cover the note. Works on the text alone, so it runs anywhere in a pipeline.

    Examples
    --------
    >>> import spacy
    >>> nlp = spacy.blank("en")
    >>> _ = nlp.add_pipe("clinigraph_sections")
    >>> [s.kind for s in nlp("FAMILY HISTORY: Mother had diabetes.\\nPLAN: Continue metformin.")._.sections]
    ['family_history', 'plan']
    """

    def __init__(self, nlp: Language, name: str) -> None:
        register_extensions()
        self.name = name

    def __call__(self, doc: Doc) -> Doc:
        doc._.sections = find_sections(doc_text(doc))
        return doc

    def to_disk(self, path: str | Path, *, exclude: tuple[str, ...] = ()) -> None:
        """Nothing to write: the titles come with the package."""

    def from_disk(self, path: str | Path, *, exclude: tuple[str, ...] = ()) -> SectionFinder:
        """Nothing to read."""
        return self
