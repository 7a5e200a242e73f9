-- name: knowledge_sources
-- question: Which sources does the graph's knowledge come from, in which version, under which licence, and how much of each kind?
-- returns: source (string), source_version (string), licence (string), kind (string), number (int)
SELECT primary_knowledge_source, source_version, licence, 'Disease', count(*) FROM Disease GROUP BY 1, 2, 3 UNION ALL
SELECT primary_knowledge_source, source_version, licence, 'PhenotypicFeature', count(*) FROM PhenotypicFeature GROUP BY 1, 2, 3 UNION ALL
SELECT primary_knowledge_source, source_version, licence, 'Drug', count(*) FROM Drug GROUP BY 1, 2, 3 UNION ALL
SELECT primary_knowledge_source, source_version, licence, 'DrugClass', count(*) FROM DrugClass GROUP BY 1, 2, 3 UNION ALL
SELECT primary_knowledge_source, source_version, licence, 'LabTest', count(*) FROM LabTest GROUP BY 1, 2, 3 UNION ALL
SELECT primary_knowledge_source, source_version, licence, 'Procedure', count(*) FROM Procedure GROUP BY 1, 2, 3 UNION ALL
SELECT primary_knowledge_source, source_version, licence, 'AnatomicalEntity', count(*) FROM AnatomicalEntity GROUP BY 1, 2, 3 UNION ALL
SELECT primary_knowledge_source, source_version, licence, 'Context', count(*) FROM Context GROUP BY 1, 2, 3 UNION ALL
SELECT primary_knowledge_source, source_version, licence, 'SUBCLASS_OF', count(*) FROM SUBCLASS_OF GROUP BY 1, 2, 3 UNION ALL
SELECT primary_knowledge_source, source_version, licence, 'HAS_PHENOTYPE', count(*) FROM HAS_PHENOTYPE GROUP BY 1, 2, 3 UNION ALL
SELECT primary_knowledge_source, source_version, licence, 'TREATS', count(*) FROM TREATS GROUP BY 1, 2, 3 UNION ALL
SELECT primary_knowledge_source, source_version, licence, 'CONTRAINDICATED_IN', count(*) FROM CONTRAINDICATED_IN GROUP BY 1, 2, 3 UNION ALL
SELECT primary_knowledge_source, source_version, licence, 'INTERACTS_WITH', count(*) FROM INTERACTS_WITH GROUP BY 1, 2, 3 UNION ALL
SELECT primary_knowledge_source, source_version, licence, 'HAS_ADVERSE_EVENT', count(*) FROM HAS_ADVERSE_EVENT GROUP BY 1, 2, 3 UNION ALL
SELECT primary_knowledge_source, source_version, licence, 'HAS_INGREDIENT', count(*) FROM HAS_INGREDIENT GROUP BY 1, 2, 3 UNION ALL
SELECT primary_knowledge_source, source_version, licence, 'IN_CLASS', count(*) FROM IN_CLASS GROUP BY 1, 2, 3 UNION ALL
SELECT primary_knowledge_source, source_version, licence, 'CROSS_REACTIVE_WITH', count(*) FROM CROSS_REACTIVE_WITH GROUP BY 1, 2, 3 UNION ALL
SELECT primary_knowledge_source, source_version, licence, 'DOSE_ADJUST_FOR', count(*) FROM DOSE_ADJUST_FOR GROUP BY 1, 2, 3 UNION ALL
SELECT primary_knowledge_source, source_version, licence, 'DIAGNOSED_BY', count(*) FROM DIAGNOSED_BY GROUP BY 1, 2, 3 UNION ALL
SELECT primary_knowledge_source, source_version, licence, 'REVEALS', count(*) FROM REVEALS GROUP BY 1, 2, 3 UNION ALL
SELECT primary_knowledge_source, source_version, licence, 'RISK_FACTOR_FOR', count(*) FROM RISK_FACTOR_FOR GROUP BY 1, 2, 3 UNION ALL
SELECT primary_knowledge_source, source_version, licence, 'RED_FLAG_FOR', count(*) FROM RED_FLAG_FOR GROUP BY 1, 2, 3
