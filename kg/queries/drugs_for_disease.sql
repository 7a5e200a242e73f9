-- name: drugs_for_disease
-- question: Which drugs are used for this disease, or for a broader one that includes it?
-- parameter: disease (string): CURIE of a disease or finding
-- returns: drug (string), name (string), used_for (string), used_for_name (string), line (string), approval (string), population (string), note (string), source (string), source_version (string), licence (string), confidence (float)
WITH RECURSIVE kind (id) AS (
    SELECT id FROM Concept WHERE id = :disease
    UNION SELECT e.target FROM SUBCLASS_OF e JOIN kind ON e.source = kind.id
)
SELECT d.id, d.name, c.id, c.name, t.line, t.approval, t.population, t.note, t.primary_knowledge_source, t.source_version, t.licence, t.confidence
FROM kind JOIN TREATS t ON t.target = kind.id JOIN Concept c ON c.id = kind.id JOIN Drug d ON d.id = t.source
