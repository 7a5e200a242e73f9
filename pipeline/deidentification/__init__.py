"""Replace identifiers by surrogates or tags, note by note and over archives.

>>> from clinigraph.pipeline.deidentification import Deidentifier
>>> from clinigraph.schemas.annotation import Note
>>> hide = Deidentifier(mode="tag")
>>> hide(Note(note_id="n1", patient_id="p1", text="Seen by Dr. Okonkwo on 3/14/2019.")).note.text
'Seen by Dr. [NAME] on [DATE].'
"""

from .deidentifier import Deidentified, Deidentifier, Mode, Replacement

__all__ = ["Deidentified", "Deidentifier", "Mode", "Replacement"]
