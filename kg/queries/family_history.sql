-- name: family_history
-- question: Which diseases run, or do not run, in this patient's family?
-- parameter: patient (string): id of the patient
-- returns: concept (string), name (string), answer (string), certainty (string), first_seen (date), last_seen (date), fact (string)
SELECT concept_id, name, answer, certainty, first_seen, last_seen, id
FROM FamilyMemberHistory WHERE patient_id = :patient
