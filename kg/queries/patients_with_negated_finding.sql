-- name: patients_with_negated_finding
-- question: Which patients' notes deny this finding, or a broader one that includes it?
-- parameter: finding (string): CURIE of a finding or disease
-- returns: patient (string), concept (string), date (date), note (string), start (int), end (int), text (string), section (string), mention (string)
WITH RECURSIVE kind (id) AS (
    SELECT id FROM Concept WHERE id = :finding
    UNION SELECT e.target FROM SUBCLASS_OF e JOIN kind ON e.source = kind.id
)
SELECT m.patient_id, m.concept_id, m.date, m.note_id, m.start, m."end", m.text, m.section, m.id
FROM kind JOIN Mention m ON m.concept_id = kind.id
WHERE m.negated AND coalesce(m.experiencer, 'patient') = 'patient'
  AND coalesce(m.temporality, 'current') <> 'hypothetical'
