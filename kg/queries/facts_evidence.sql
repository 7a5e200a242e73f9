-- name: facts_evidence
-- question: On which words of which note does each fact of this patient rest?
-- parameter: patient (string): id of the patient
-- returns: kind (string), fact (string), concept (string), name (string), answer (string), stance (string), date (date), note (string), start (int), end (int), text (string), section (string), negated (bool), mention (string)
SELECT f.kind, f.id, f.concept_id, f.name, f.answer, e.stance, m.date, m.note_id, m.start, m."end", m.text, m.section, m.negated, m.id
FROM Fact f
JOIN EVIDENCED_BY e ON e.source = f.id AND e.source_label = f.kind
JOIN Mention m ON m.id = e.target
WHERE f.patient_id = :patient
