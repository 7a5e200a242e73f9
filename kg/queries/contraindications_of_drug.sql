-- name: contraindications_of_drug
-- question: In what must this drug not, or only with care, be given: itself, its ingredients, its classes?
-- parameter: drug (string): CURIE of a drug or class
-- returns: severity (string), condition (string), name (string), through (string), through_name (string), note (string), source (string), source_version (string), licence (string), confidence (float)
WITH RECURSIVE subject (id) AS ( -- the drug, its ingredients, and the classes of all of them
    SELECT id FROM Concept WHERE id = :drug
    UNION SELECT e.target FROM HAS_INGREDIENT e JOIN subject ON e.source = subject.id
    UNION SELECT e.target FROM IN_CLASS e JOIN subject ON e.source = subject.id
    UNION SELECT e.target FROM SUBCLASS_OF e JOIN subject ON e.source = subject.id
)
SELECT e.severity, c.id, c.name, s.id, s.name, e.note, e.primary_knowledge_source, e.source_version, e.licence, e.confidence
FROM subject JOIN CONTRAINDICATED_IN e ON e.source = subject.id
JOIN Concept c ON c.id = e.target JOIN Concept s ON s.id = subject.id
