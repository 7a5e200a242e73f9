-- name: tests_for_disease
-- question: Which tests and procedures confirm, support or exclude this disease?
-- parameter: disease (string): CURIE of a disease
-- returns: purpose (string), test (string), name (string), kind (string), source (string), source_version (string), licence (string), confidence (float)
SELECT e.purpose, c.id, c.name, c.label, e.primary_knowledge_source, e.source_version, e.licence, e.confidence
FROM DIAGNOSED_BY e JOIN Concept c ON c.id = e.target WHERE e.source = :disease
