-- name: patient_facts
-- question: What do the notes say of this patient: yes, no and conflicting, now and in the past?
-- parameter: patient (string): id of the patient
-- returns: kind (string), fact (string), concept (string), name (string), answer (string), certainty (string), temporality (string), first_seen (date), last_seen (date), supporting (int), opposing (int), review_state (string)
SELECT kind, id, concept_id, name, answer, certainty, temporality, first_seen, last_seen, supporting, opposing, review_state
FROM Fact WHERE patient_id = :patient
