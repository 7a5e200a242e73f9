-- name: patients_with_condition
-- question: Which patients have, or had, this disease or finding, or a kind of it?
-- parameter: disease (string): CURIE of a disease or finding
-- returns: patient (string), concept (string), name (string), certainty (string), temporality (string), first_seen (date), last_seen (date), fact (string)
WITH RECURSIVE kind (id) AS (
    SELECT id FROM Concept WHERE id = :disease
    UNION SELECT e.source FROM SUBCLASS_OF e JOIN kind ON e.target = kind.id
)
SELECT c.patient_id, c.concept_id, c.name, c.certainty, c.temporality, c.first_seen, c.last_seen, c.id
FROM kind JOIN Condition c ON c.concept_id = kind.id
WHERE c.answer = 'yes'
