// name: patients_with_condition
// question: Which patients have, or had, this disease or finding, or a kind of it?
// parameter: disease (string): CURIE of a disease or finding
// returns: patient (string), concept (string), name (string), certainty (string), temporality (string), first_seen (date), last_seen (date), fact (string)
MATCH (:Concept {id: $disease})<-[:SUBCLASS_OF*0..]-(kind) WITH DISTINCT kind
MATCH (c:Condition {concept_id: kind.id})
WHERE c.answer = 'yes'
RETURN c.patient_id AS patient, c.concept_id AS concept, c.name AS name, c.certainty AS certainty,
       c.temporality AS temporality, c.first_seen AS first_seen, c.last_seen AS last_seen, c.id AS fact
