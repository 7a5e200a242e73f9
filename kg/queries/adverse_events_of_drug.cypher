// name: adverse_events_of_drug
// question: What can this drug cause: itself, its ingredients, its classes?
// parameter: drug (string): CURIE of a drug or class
// returns: effect (string), name (string), frequency (string), serious (bool), through (string), note (string), source (string), source_version (string), licence (string), confidence (float)
MATCH (:Concept {id: $drug})-[:HAS_INGREDIENT|IN_CLASS|SUBCLASS_OF*0..]->(subject) WITH DISTINCT subject
MATCH (subject)-[e:HAS_ADVERSE_EVENT]->(c)
RETURN c.id AS effect, c.name AS name, e.frequency AS frequency, e.serious AS serious, subject.id AS through,
       e.note AS note, e.primary_knowledge_source AS source, e.source_version AS source_version,
       e.licence AS licence, e.confidence AS confidence
