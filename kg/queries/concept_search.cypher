// name: concept_search
// question: Which concepts have this text as, at the start of, or within a name, synonym or id?
// parameter: text (string): any case
// parameter: limit (int) = 20: rows at most
// returns: rank (int), name (string), id (string), label (string)
WITH toLower($text) AS text
MATCH (c:Concept)
WITH c, text, [w IN [c.name, c.id] + coalesce(c.synonyms, []) | toLower(w)] AS words
WHERE any(w IN words WHERE w CONTAINS text)
RETURN CASE WHEN text IN words THEN 0 WHEN any(w IN words WHERE w STARTS WITH text) THEN 1 ELSE 2 END AS rank,
       c.name AS name, c.id AS id, head([l IN labels(c) WHERE l <> 'Concept']) AS label
ORDER BY rank, name, id LIMIT $limit
