// name: contraindications_of_drug
// question: In what must this drug not, or only with care, be given: itself, its ingredients, its classes?
// parameter: drug (string): CURIE of a drug or class
// returns: severity (string), condition (string), name (string), through (string), through_name (string), note (string), source (string), source_version (string), licence (string), confidence (float)
MATCH (:Concept {id: $drug})-[:HAS_INGREDIENT|IN_CLASS|SUBCLASS_OF*0..]->(subject) WITH DISTINCT subject
MATCH (subject)-[e:CONTRAINDICATED_IN]->(c)
RETURN e.severity AS severity, c.id AS condition, c.name AS name, subject.id AS through, subject.name AS through_name,
       e.note AS note, e.primary_knowledge_source AS source, e.source_version AS source_version,
       e.licence AS licence, e.confidence AS confidence
