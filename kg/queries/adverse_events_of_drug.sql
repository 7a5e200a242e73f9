-- name: adverse_events_of_drug
-- question: What can this drug cause: itself, its ingredients, its classes?
-- parameter: drug (string): CURIE of a drug or class
-- returns: effect (string), name (string), frequency (string), serious (bool), through (string), note (string), source (string), source_version (string), licence (string), confidence (float)
WITH RECURSIVE subject (id) AS ( -- the drug, its ingredients, and the classes of all of them
    SELECT id FROM Concept WHERE id = :drug
    UNION SELECT e.target FROM HAS_INGREDIENT e JOIN subject ON e.source = subject.id
    UNION SELECT e.target FROM IN_CLASS e JOIN subject ON e.source = subject.id
    UNION SELECT e.target FROM SUBCLASS_OF e JOIN subject ON e.source = subject.id
)
SELECT c.id, c.name, e.frequency, e.serious, subject.id, e.note, e.primary_knowledge_source, e.source_version, e.licence, e.confidence
FROM subject JOIN HAS_ADVERSE_EVENT e ON e.source = subject.id JOIN Concept c ON c.id = e.target
