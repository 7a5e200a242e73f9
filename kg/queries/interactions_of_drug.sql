-- name: interactions_of_drug
-- question: With which drugs and classes does this drug interact: itself, its ingredients, its classes?
-- parameter: drug (string): CURIE of a drug or class
-- returns: severity (string), other (string), name (string), through (string), through_name (string), mechanism (string), effect (string), management (string), source (string), source_version (string), licence (string), confidence (float)
WITH RECURSIVE subject (id) AS ( -- the drug, its ingredients, and the classes of all of them
    SELECT id FROM Concept WHERE id = :drug
    UNION SELECT e.target FROM HAS_INGREDIENT e JOIN subject ON e.source = subject.id
    UNION SELECT e.target FROM IN_CLASS e JOIN subject ON e.source = subject.id
    UNION SELECT e.target FROM SUBCLASS_OF e JOIN subject ON e.source = subject.id
),
pair (id, through, other) AS (
    SELECT e.id, e.source, e.target FROM subject JOIN INTERACTS_WITH e ON e.source = subject.id
    UNION SELECT e.id, e.target, e.source FROM subject JOIN INTERACTS_WITH e ON e.target = subject.id
)
SELECT e.severity, o.id, o.name, s.id, s.name, e.mechanism, e.effect, e.management, e.primary_knowledge_source, e.source_version, e.licence, e.confidence
FROM pair JOIN INTERACTS_WITH e ON e.id = pair.id
JOIN Concept o ON o.id = pair.other JOIN Concept s ON s.id = pair.through
