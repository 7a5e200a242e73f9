-- name: diseases_with_finding
-- question: Which diseases show this finding, or a kind of it, and how often?
-- parameter: finding (string): CURIE of a finding
-- returns: disease (string), name (string), finding (string), finding_name (string), frequency (string), frequency_value (float), source (string), source_version (string), licence (string), confidence (float)
WITH RECURSIVE kind (id) AS (
    SELECT id FROM Concept WHERE id = :finding
    UNION SELECT e.source FROM SUBCLASS_OF e JOIN kind ON e.target = kind.id
)
SELECT d.id, d.name, c.id, c.name, e.frequency, e.frequency_value, e.primary_knowledge_source, e.source_version, e.licence, e.confidence
FROM kind JOIN HAS_PHENOTYPE e ON e.target = kind.id
JOIN Disease d ON d.id = e.source JOIN Concept c ON c.id = kind.id
