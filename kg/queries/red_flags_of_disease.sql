-- name: red_flags_of_disease
-- question: Which findings make this disease urgent, or point to a worse one that looks alike?
-- parameter: disease (string): CURIE of a disease
-- returns: finding (string), name (string), meaning (string), source (string), source_version (string), licence (string), confidence (float)
SELECT c.id, c.name, e.meaning, e.primary_knowledge_source, e.source_version, e.licence, e.confidence
FROM RED_FLAG_FOR e JOIN Concept c ON c.id = e.source WHERE e.target = :disease
