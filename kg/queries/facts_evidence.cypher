// name: facts_evidence
// question: On which words of which note does each fact of this patient rest?
// parameter: patient (string): id of the patient
// returns: kind (string), fact (string), concept (string), name (string), answer (string), stance (string), date (date), note (string), start (int), end (int), text (string), section (string), negated (bool), mention (string)
MATCH (:Patient {id: $patient})-[:HAS_FACT]->(f)-[e:EVIDENCED_BY]->(m:Mention)
RETURN head([l IN labels(f) WHERE l IN ['AllergyIntolerance', 'Condition', 'FamilyMemberHistory', 'MedicationStatement', 'Observation', 'ProcedureEvent']]) AS kind,
       f.id AS fact, f.concept_id AS concept, f.name AS name, f.answer AS answer, e.stance AS stance, m.date AS date,
       m.note_id AS note, m.start AS start, m.end AS end, m.text AS text, m.section AS section, m.negated AS negated,
       m.id AS mention
