-- name: patients_on_drug
-- question: Which patients take this drug, a product that holds it, or a drug of this class, now?
-- parameter: drug (string): CURIE of a drug or class
-- returns: patient (string), drug (string), name (string), status (string), dose (string), strength (string), route (string), frequency (string), last_seen (date), fact (string)
WITH RECURSIVE kind (id) AS (
    SELECT id FROM Concept WHERE id = :drug
    UNION SELECT e.source FROM HAS_INGREDIENT e JOIN kind ON e.target = kind.id
    UNION SELECT e.source FROM IN_CLASS e JOIN kind ON e.target = kind.id
    UNION SELECT e.source FROM SUBCLASS_OF e JOIN kind ON e.target = kind.id
)
SELECT m.patient_id, m.concept_id, m.name, m.status, m.dose, m.strength, m.route, m.frequency, m.last_seen, m.id
FROM kind JOIN MedicationStatement m ON m.concept_id = kind.id
WHERE m.answer = 'yes' AND coalesce(m.temporality, 'current') = 'current'
  AND coalesce(m.status, 'unknown') NOT IN ('stopped', 'held')
