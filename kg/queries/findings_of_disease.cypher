// name: findings_of_disease
// question: Which findings does this disease show, and how often?
// parameter: disease (string): CURIE of a disease
// returns: finding (string), name (string), frequency (string), frequency_value (float), sex (string), onset (string), note (string), source (string), source_version (string), licence (string), confidence (float)
MATCH (:Disease {id: $disease})-[e:HAS_PHENOTYPE]->(c)
RETURN c.id AS finding, c.name AS name, e.frequency AS frequency, e.frequency_value AS frequency_value, e.sex AS sex,
       e.onset AS onset, e.note AS note, e.primary_knowledge_source AS source, e.source_version AS source_version,
       e.licence AS licence, e.confidence AS confidence
