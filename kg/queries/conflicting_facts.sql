-- name: conflicting_facts
-- question: Where do the notes of a patient disagree?
-- parameter: patient (string) = null: id of one patient, or all of them
-- returns: patient (string), kind (string), concept (string), name (string), supporting (int), opposing (int), last_seen (date), fact (string)
SELECT patient_id, kind, concept_id, name, supporting, opposing, last_seen, id
FROM Fact WHERE answer = 'conflict' AND (:patient IS NULL OR patient_id = :patient)
