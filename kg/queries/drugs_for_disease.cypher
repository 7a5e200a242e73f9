// name: drugs_for_disease
// question: Which drugs are used for this disease, or for a broader one that includes it?
// parameter: disease (string): CURIE of a disease or finding
// returns: drug (string), name (string), used_for (string), used_for_name (string), line (string), approval (string), population (string), note (string), source (string), source_version (string), licence (string), confidence (float)
MATCH (:Concept {id: $disease})-[:SUBCLASS_OF*0..]->(kind) WITH DISTINCT kind
MATCH (d:Drug)-[t:TREATS]->(kind)
RETURN d.id AS drug, d.name AS name, kind.id AS used_for, kind.name AS used_for_name, t.line AS line,
       t.approval AS approval, t.population AS population, t.note AS note, t.primary_knowledge_source AS source, t.source_version AS source_version,
       t.licence AS licence, t.confidence AS confidence
