// name: patient_facts
// question: What do the notes say of this patient: yes, no and conflicting, now and in the past?
// parameter: patient (string): id of the patient
// returns: kind (string), fact (string), concept (string), name (string), answer (string), certainty (string), temporality (string), first_seen (date), last_seen (date), supporting (int), opposing (int), review_state (string)
MATCH (:Patient {id: $patient})-[:HAS_FACT]->(f)
RETURN head([l IN labels(f) WHERE l IN ['AllergyIntolerance', 'Condition', 'FamilyMemberHistory', 'MedicationStatement', 'Observation', 'ProcedureEvent']]) AS kind,
       f.id AS fact, f.concept_id AS concept, f.name AS name, f.answer AS answer, f.certainty AS certainty,
       f.temporality AS temporality, f.first_seen AS first_seen, f.last_seen AS last_seen,
       f.supporting AS supporting, f.opposing AS opposing, f.review_state AS review_state
