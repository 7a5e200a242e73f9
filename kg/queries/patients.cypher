// name: patients
// question: Who is in the graph, with how many notes and facts?
// returns: patient (string), sex (string), birth_year (int), age (float), notes (int), facts (int)
MATCH (p:Patient)
RETURN p.id AS patient, p.sex AS sex, p.birth_year AS birth_year, p.age AS age,
       COUNT { (p)-[:HAS_ENCOUNTER]->()-[:HAS_NOTE]->() } AS notes, COUNT { (p)-[:HAS_FACT]->() } AS facts
