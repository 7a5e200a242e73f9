// name: adverse_effect_candidates
// question: Which drugs do the notes blame for what, and does the knowledge know it?
// parameter: patient (string) = null: id of one patient, or all of them
// returns: patient (string), drug (string), drug_text (string), effect (string), effect_text (string), known (bool), note (string), score (float), relation (string)
MATCH (d:Mention {label: 'DRUG'})-[e:RELATED_TO {relation: 'CAUSES'}]->(m:Mention)
WHERE $patient IS NULL OR d.patient_id = $patient
RETURN d.patient_id AS patient, d.concept_id AS drug, d.text AS drug_text, m.concept_id AS effect,
       m.text AS effect_text,
       EXISTS { (:Concept {id: d.concept_id})-[:HAS_ADVERSE_EVENT]->(:Concept {id: m.concept_id}) } AS known,
       d.note_id AS note, e.score AS score, e.id AS relation
