// name: note_mentions
// question: What was found in this note, and where?
// parameter: note (string): the user's id of the note
// returns: start (int), end (int), label (string), text (string), concept (string), section (string), negated (bool), certainty (string), temporality (string), experiencer (string), score (float), mention (string)
MATCH (m:Mention {note_id: $note})
RETURN m.start AS start, m.end AS end, m.label AS label, m.text AS text, m.concept_id AS concept, m.section AS section,
       m.negated AS negated, m.certainty AS certainty, m.temporality AS temporality, m.experiencer AS experiencer,
       m.score AS score, m.id AS mention
