// name: red_flags_of_disease
// question: Which findings make this disease urgent, or point to a worse one that looks alike?
// parameter: disease (string): CURIE of a disease
// returns: finding (string), name (string), meaning (string), source (string), source_version (string), licence (string), confidence (float)
MATCH (:Disease {id: $disease})<-[e:RED_FLAG_FOR]-(c)
RETURN c.id AS finding, c.name AS name, e.meaning AS meaning, e.primary_knowledge_source AS source, e.source_version AS source_version,
       e.licence AS licence, e.confidence AS confidence
