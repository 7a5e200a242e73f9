// name: notes_of_patient
// question: Which notes of this patient were read?
// parameter: patient (string): id of the patient
// returns: date (date), note (string), type (string), origin (string), characters (int), mentions (int)
MATCH (n:Note {patient_id: $patient})
RETURN n.date AS date, n.note_id AS note, n.type AS type, n.origin AS origin, n.characters AS characters,
       COUNT { (n)-[:HAS_MENTION]->() } AS mentions
