// name: allergies
// question: What is this patient allergic or intolerant to, or said not to be?
// parameter: patient (string): id of the patient
// returns: concept (string), name (string), answer (string), certainty (string), reaction (string), severity (string), first_seen (date), last_seen (date), fact (string)
MATCH (f:AllergyIntolerance {patient_id: $patient})
RETURN f.concept_id AS concept, f.name AS name, f.answer AS answer, f.certainty AS certainty, f.reaction AS reaction, f.severity AS severity,
       f.first_seen AS first_seen, f.last_seen AS last_seen, f.id AS fact
