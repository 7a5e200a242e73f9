-- name: findings_of_disease
-- question: Which findings does this disease show, and how often?
-- parameter: disease (string): CURIE of a disease
-- returns: finding (string), name (string), frequency (string), frequency_value (float), sex (string), onset (string), note (string), source (string), source_version (string), licence (string), confidence (float)
SELECT c.id, c.name, e.frequency, e.frequency_value, e.sex, e.onset, e.note, e.primary_knowledge_source, e.source_version, e.licence, e.confidence
FROM HAS_PHENOTYPE e JOIN Concept c ON c.id = e.target WHERE e.source = :disease
