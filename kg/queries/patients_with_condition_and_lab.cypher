// name: patients_with_condition_and_lab
// question: Which patients have this disease (or a kind of it), now, and a last value of this test above a limit?
// parameter: disease (string): CURIE
// parameter: test (string): CURIE
// parameter: limit (float): in the unit in which the values are kept
// returns: patient (string), value (float), unit (string), date (date), observation (string)
MATCH (:Concept {id: $disease})<-[:SUBCLASS_OF*0..]-(kind) WITH DISTINCT kind
MATCH (c:Condition {concept_id: kind.id})
WHERE c.answer = 'yes' AND coalesce(c.temporality, 'current') = 'current'
WITH collect(DISTINCT c.patient_id) AS affected
MATCH (:Concept {id: $test})<-[:SUBCLASS_OF*0..]-(measured) WITH DISTINCT measured, affected
MATCH (o:Observation {concept_id: measured.id})
WHERE o.value IS NOT NULL AND o.patient_id IN affected
WITH o ORDER BY coalesce(o.date, '') DESC, o.id DESC
WITH o.patient_id AS patient, collect(o)[0] AS last
WHERE last.value > $limit
RETURN patient, last.value AS value, last.unit AS unit, last.date AS date, last.id AS observation
