// name: diseases_with_finding
// question: Which diseases show this finding, or a kind of it, and how often?
// parameter: finding (string): CURIE of a finding
// returns: disease (string), name (string), finding (string), finding_name (string), frequency (string), frequency_value (float), source (string), source_version (string), licence (string), confidence (float)
MATCH (:Concept {id: $finding})<-[:SUBCLASS_OF*0..]-(kind) WITH DISTINCT kind
MATCH (d:Disease)-[e:HAS_PHENOTYPE]->(kind)
RETURN d.id AS disease, d.name AS name, kind.id AS finding, kind.name AS finding_name, e.frequency AS frequency,
       e.frequency_value AS frequency_value, e.primary_knowledge_source AS source, e.source_version AS source_version,
       e.licence AS licence, e.confidence AS confidence
