// name: risk_factors_of_disease
// question: What makes this disease more likely before it is there: findings, habits, other diseases, drugs?
// parameter: disease (string): CURIE of a disease
// returns: strength (string), factor (string), name (string), kind (string), source (string), source_version (string), licence (string), confidence (float)
MATCH (:Disease {id: $disease})<-[e:RISK_FACTOR_FOR]-(c)
RETURN e.strength AS strength, c.id AS factor, c.name AS name,
       head([l IN labels(c) WHERE l IN ['PhenotypicFeature', 'Disease', 'Context', 'Drug', 'DrugClass']]) AS kind, e.primary_knowledge_source AS source,
       e.source_version AS source_version, e.licence AS licence, e.confidence AS confidence
