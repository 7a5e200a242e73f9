-- name: notes_of_patient
-- question: Which notes of this patient were read?
-- parameter: patient (string): id of the patient
-- returns: date (date), note (string), type (string), origin (string), characters (int), mentions (int)
SELECT n.date, n.note_id, n.type, n.origin, n.characters, (SELECT count(*) FROM HAS_MENTION h WHERE h.source = n.id)
FROM Note n WHERE n.patient_id = :patient
