// name: tests_for_disease
// question: Which tests and procedures confirm, support or exclude this disease?
// parameter: disease (string): CURIE of a disease
// returns: purpose (string), test (string), name (string), kind (string), source (string), source_version (string), licence (string), confidence (float)
MATCH (:Disease {id: $disease})-[e:DIAGNOSED_BY]->(c)
RETURN e.purpose AS purpose, c.id AS test, c.name AS name,
       head([l IN labels(c) WHERE l IN ['LabTest', 'Procedure']]) AS kind, e.primary_knowledge_source AS source, e.source_version AS source_version,
       e.licence AS licence, e.confidence AS confidence
