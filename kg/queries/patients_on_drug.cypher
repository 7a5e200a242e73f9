// name: patients_on_drug
// question: Which patients take this drug, a product that holds it, or a drug of this class, now?
// parameter: drug (string): CURIE of a drug or class
// returns: patient (string), drug (string), name (string), status (string), dose (string), strength (string), route (string), frequency (string), last_seen (date), fact (string)
MATCH (:Concept {id: $drug})<-[:HAS_INGREDIENT|IN_CLASS|SUBCLASS_OF*0..]-(kind) WITH DISTINCT kind
MATCH (m:MedicationStatement {concept_id: kind.id})
WHERE m.answer = 'yes' AND coalesce(m.temporality, 'current') = 'current'
  AND NOT coalesce(m.status, 'unknown') IN ['stopped', 'held']
RETURN m.patient_id AS patient, m.concept_id AS drug, m.name AS name, m.status AS status, m.dose AS dose,
       m.strength AS strength, m.route AS route, m.frequency AS frequency, m.last_seen AS last_seen, m.id AS fact
