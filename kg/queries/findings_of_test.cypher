// name: findings_of_test
// question: Which finding does each result of this laboratory test mean?
// parameter: test (string): CURIE of a test
// returns: outcome (string), finding (string), name (string), absent (bool), scale (string), source (string), source_version (string), licence (string), confidence (float)
MATCH (:LabTest {id: $test})-[e:REVEALS]->(c)
RETURN e.outcome AS outcome, c.id AS finding, c.name AS name, e.absent AS absent, e.scale AS scale,
       e.primary_knowledge_source AS source, e.source_version AS source_version, e.licence AS licence,
       e.confidence AS confidence
