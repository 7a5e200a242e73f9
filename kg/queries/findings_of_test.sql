-- name: findings_of_test
-- question: Which finding does each result of this laboratory test mean?
-- parameter: test (string): CURIE of a test
-- returns: outcome (string), finding (string), name (string), absent (bool), scale (string), source (string), source_version (string), licence (string), confidence (float)
SELECT e.outcome, c.id, c.name, e.absent, e.scale, e.primary_knowledge_source, e.source_version, e.licence, e.confidence
FROM REVEALS e JOIN Concept c ON c.id = e.target
WHERE e.source = :test
