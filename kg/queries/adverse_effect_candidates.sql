-- name: adverse_effect_candidates
-- question: Which drugs do the notes blame for what, and does the knowledge know it?
-- parameter: patient (string) = null: id of one patient, or all of them
-- returns: patient (string), drug (string), drug_text (string), effect (string), effect_text (string), known (bool), note (string), score (float), relation (string)
SELECT d.patient_id, d.concept_id, d.text, m.concept_id, m.text,
       EXISTS (SELECT 1 FROM HAS_ADVERSE_EVENT k WHERE k.source = d.concept_id AND k.target = m.concept_id),
       d.note_id, e.score, e.id
FROM RELATED_TO e JOIN Mention d ON d.id = e.source JOIN Mention m ON m.id = e.target
WHERE e.relation = 'CAUSES' AND d.label = 'DRUG' AND (:patient IS NULL OR d.patient_id = :patient)
