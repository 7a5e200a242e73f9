-- name: shared_drug_patients
-- question: Which other patients take a drug that this patient takes?
-- parameter: patient (string): id of the patient
-- returns: other (string), drug (string), name (string)
SELECT DISTINCT o.patient_id, o.concept_id, c.name
FROM MedicationStatement m
JOIN MedicationStatement o ON o.concept_id = m.concept_id AND o.patient_id <> m.patient_id
JOIN Concept c ON c.id = m.concept_id
WHERE m.patient_id = :patient AND m.answer = 'yes' AND coalesce(m.temporality, 'current') = 'current'
  AND coalesce(m.status, 'unknown') NOT IN ('stopped', 'held')
  AND o.answer = 'yes' AND coalesce(o.temporality, 'current') = 'current'
  AND coalesce(o.status, 'unknown') NOT IN ('stopped', 'held')
