-- name: risk_factors_of_disease
-- question: What makes this disease more likely before it is there: findings, habits, other diseases, drugs?
-- parameter: disease (string): CURIE of a disease
-- returns: strength (string), factor (string), name (string), kind (string), source (string), source_version (string), licence (string), confidence (float)
SELECT e.strength, c.id, c.name, c.label, e.primary_knowledge_source, e.source_version, e.licence, e.confidence
FROM RISK_FACTOR_FOR e JOIN Concept c ON c.id = e.source WHERE e.target = :disease
