// name: family_history
// question: Which diseases run, or do not run, in this patient's family?
// parameter: patient (string): id of the patient
// returns: concept (string), name (string), answer (string), certainty (string), first_seen (date), last_seen (date), fact (string)
MATCH (f:FamilyMemberHistory {patient_id: $patient})
RETURN f.concept_id AS concept, f.name AS name, f.answer AS answer, f.certainty AS certainty,
       f.first_seen AS first_seen, f.last_seen AS last_seen, f.id AS fact
