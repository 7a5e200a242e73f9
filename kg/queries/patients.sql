-- name: patients
-- question: Who is in the graph, with how many notes and facts?
-- returns: patient (string), sex (string), birth_year (int), age (float), notes (int), facts (int)
SELECT p.id, p.sex, p.birth_year, p.age,
       (SELECT count(*) FROM HAS_ENCOUNTER e JOIN HAS_NOTE n ON n.source = e.target WHERE e.source = p.id),
       (SELECT count(*) FROM HAS_FACT f WHERE f.source = p.id)
FROM Patient p
