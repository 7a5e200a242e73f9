-- name: note_mentions
-- question: What was found in this note, and where?
-- parameter: note (string): the user's id of the note
-- returns: start (int), end (int), label (string), text (string), concept (string), section (string), negated (bool), certainty (string), temporality (string), experiencer (string), score (float), mention (string)
SELECT start, "end", label, text, concept_id, section, negated, certainty, temporality, experiencer, score, id
FROM Mention WHERE note_id = :note
