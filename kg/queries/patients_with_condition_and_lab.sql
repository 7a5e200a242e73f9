-- name: patients_with_condition_and_lab
-- question: Which patients have this disease (or a kind of it), now, and a last value of this test above a limit?
-- parameter: disease (string): CURIE
-- parameter: test (string): CURIE
-- parameter: limit (float): in the unit in which the values are kept
-- returns: patient (string), value (float), unit (string), date (date), observation (string)
WITH RECURSIVE kind (id) AS (
    SELECT id FROM Concept WHERE id = :disease
    UNION SELECT e.source FROM SUBCLASS_OF e JOIN kind ON e.target = kind.id
),
measured (id) AS (
    SELECT id FROM Concept WHERE id = :test
    UNION SELECT e.source FROM SUBCLASS_OF e JOIN measured ON e.target = measured.id
),
affected (patient) AS (
    SELECT DISTINCT c.patient_id FROM kind JOIN Condition c ON c.concept_id = kind.id
    WHERE c.answer = 'yes' AND coalesce(c.temporality, 'current') = 'current'
),
ranked AS (
    SELECT o.patient_id, o.value, o.unit, o.date, o.id,
           row_number() OVER (PARTITION BY o.patient_id ORDER BY coalesce(o.date, '') DESC, o.id DESC) AS place
    FROM measured JOIN Observation o ON o.concept_id = measured.id
    WHERE o.value IS NOT NULL AND o.patient_id IN (SELECT patient FROM affected)
)
SELECT patient_id, value, unit, date, id FROM ranked WHERE place = 1 AND value > :limit
