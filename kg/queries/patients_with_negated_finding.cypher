// name: patients_with_negated_finding
// question: Which patients' notes deny this finding, or a broader one that includes it?
// parameter: finding (string): CURIE of a finding or disease
// returns: patient (string), concept (string), date (date), note (string), start (int), end (int), text (string), section (string), mention (string)
MATCH (:Concept {id: $finding})-[:SUBCLASS_OF*0..]->(kind) WITH DISTINCT kind
MATCH (m:Mention {concept_id: kind.id})
WHERE m.negated AND coalesce(m.experiencer, 'patient') = 'patient'
  AND coalesce(m.temporality, 'current') <> 'hypothetical'
RETURN m.patient_id AS patient, m.concept_id AS concept, m.date AS date, m.note_id AS note, m.start AS start,
       m.end AS end, m.text AS text, m.section AS section, m.id AS mention
