-- name: allergies
-- question: What is this patient allergic or intolerant to, or said not to be?
-- parameter: patient (string): id of the patient
-- returns: concept (string), name (string), answer (string), certainty (string), reaction (string), severity (string), first_seen (date), last_seen (date), fact (string)
SELECT concept_id, name, answer, certainty, reaction, severity, first_seen, last_seen, id
FROM AllergyIntolerance WHERE patient_id = :patient
