// name: interactions_of_drug
// question: With which drugs and classes does this drug interact: itself, its ingredients, its classes?
// parameter: drug (string): CURIE of a drug or class
// returns: severity (string), other (string), name (string), through (string), through_name (string), mechanism (string), effect (string), management (string), source (string), source_version (string), licence (string), confidence (float)
MATCH (:Concept {id: $drug})-[:HAS_INGREDIENT|IN_CLASS|SUBCLASS_OF*0..]->(subject) WITH DISTINCT subject
MATCH (subject)-[e:INTERACTS_WITH]-(o)
WITH DISTINCT subject, e, o
RETURN e.severity AS severity, o.id AS other, o.name AS name, subject.id AS through, subject.name AS through_name,
       e.mechanism AS mechanism, e.effect AS effect, e.management AS management, e.primary_knowledge_source AS source, e.source_version AS source_version,
       e.licence AS licence, e.confidence AS confidence
