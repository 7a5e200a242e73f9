// name: shared_drug_patients
// question: Which other patients take a drug that this patient takes?
// parameter: patient (string): id of the patient
// returns: other (string), drug (string), name (string)
MATCH (m:MedicationStatement {patient_id: $patient})
WHERE m.answer = 'yes' AND coalesce(m.temporality, 'current') = 'current'
  AND NOT coalesce(m.status, 'unknown') IN ['stopped', 'held']
MATCH (o:MedicationStatement {concept_id: m.concept_id})
WHERE o.patient_id <> m.patient_id AND o.answer = 'yes' AND coalesce(o.temporality, 'current') = 'current'
  AND NOT coalesce(o.status, 'unknown') IN ['stopped', 'held']
MATCH (c:Concept {id: m.concept_id})
RETURN DISTINCT o.patient_id AS other, o.concept_id AS drug, c.name AS name
