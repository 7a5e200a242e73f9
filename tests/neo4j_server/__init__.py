"""A real Neo4j 5 Community server for the tests, from Maven Central, without Docker."""
