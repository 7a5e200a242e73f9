-- name: patient_facts
-- question: What do the notes say of this patient: yes, no and conflicting, now and in the past?
-- parameter: patient (string): id of the patient
-- returns: kind (string), fact (string), concept (string), name (string), answer (string), certainty (string), temporality (string), first_seen (date), last_seen (date), supporting (int), opposing (int), review_state (string)
SELECT 'AllergyIntolerance', id, concept_id, name, answer, certainty, temporality, first_seen, last_seen, supporting, opposing, review_state
FROM AllergyIntolerance WHERE patient_id = :patient
UNION ALL
SELECT 'Condition', id, concept_id, name, answer, certainty, temporality, first_seen, last_seen, supporting, opposing, review_state
FROM Condition WHERE patient_id = :patient
UNION ALL
SELECT 'FamilyMemberHistory', id, concept_id, name, answer, certainty, temporality, first_seen, last_seen, supporting, opposing, review_state
FROM FamilyMemberHistory WHERE patient_id = :patient
UNION ALL
SELECT 'MedicationStatement', id, concept_id, name, answer, certainty, temporality, first_seen, last_seen, supporting, opposing, review_state
FROM MedicationStatement WHERE patient_id = :patient
UNION ALL
SELECT 'Observation', id, concept_id, name, answer, certainty, temporality, first_seen, last_seen, supporting, opposing, review_state
FROM Observation WHERE patient_id = :patient
UNION ALL
SELECT 'ProcedureEvent', id, concept_id, name, answer, certainty, temporality, first_seen, last_seen, supporting, opposing, review_state
FROM ProcedureEvent WHERE patient_id = :patient
