// name: knowledge_sources
// question: Which sources does the graph's knowledge come from, in which version, under which licence, and how much of each kind?
// returns: source (string), source_version (string), licence (string), kind (string), number (int)
MATCH (n:Concept)
RETURN n.primary_knowledge_source AS source, n.source_version AS source_version, n.licence AS licence,
       head([l IN labels(n) WHERE l <> 'Concept']) AS kind, count(*) AS number
UNION ALL
MATCH (:Concept)-[r]->(:Concept) WHERE r.primary_knowledge_source IS NOT NULL
RETURN r.primary_knowledge_source AS source, r.source_version AS source_version, r.licence AS licence,
       type(r) AS kind, count(*) AS number
