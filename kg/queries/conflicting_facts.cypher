// name: conflicting_facts
// question: Where do the notes of a patient disagree?
// parameter: patient (string) = null: id of one patient, or all of them
// returns: patient (string), kind (string), concept (string), name (string), supporting (int), opposing (int), last_seen (date), fact (string)
CALL () {
    MATCH (f:AllergyIntolerance {answer: 'conflict'}) RETURN f, 'AllergyIntolerance' AS kind
    UNION ALL MATCH (f:Condition {answer: 'conflict'}) RETURN f, 'Condition' AS kind
    UNION ALL MATCH (f:FamilyMemberHistory {answer: 'conflict'}) RETURN f, 'FamilyMemberHistory' AS kind
    UNION ALL MATCH (f:MedicationStatement {answer: 'conflict'}) RETURN f, 'MedicationStatement' AS kind
    UNION ALL MATCH (f:Observation {answer: 'conflict'}) RETURN f, 'Observation' AS kind
    UNION ALL MATCH (f:ProcedureEvent {answer: 'conflict'}) RETURN f, 'ProcedureEvent' AS kind
}
WITH f, kind WHERE $patient IS NULL OR f.patient_id = $patient
RETURN f.patient_id AS patient, kind, f.concept_id AS concept, f.name AS name, f.supporting AS supporting,
       f.opposing AS opposing, f.last_seen AS last_seen, f.id AS fact
