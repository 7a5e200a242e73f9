-- name: concept_search
-- question: Which concepts have this text as, at the start of, or within a name, synonym or id?
-- parameter: text (string): any case
-- parameter: limit (int) = 20: rows at most
-- returns: rank (int), name (string), id (string), label (string)
WITH word (id, label, name, word) AS (
    SELECT id, label, name, lower(name) FROM Vocabulary
    UNION ALL SELECT id, label, name, lower(id) FROM Vocabulary
    UNION ALL SELECT v.id, v.label, v.name, lower(s.value) FROM Vocabulary v, json_each(v.synonyms) s
)
SELECT min(CASE WHEN word = lower(:text) THEN 0 WHEN instr(word, lower(:text)) = 1 THEN 1 ELSE 2 END) AS rank,
       name, id, label
FROM word WHERE instr(word, lower(:text)) > 0
GROUP BY id ORDER BY rank, name, id LIMIT :limit
