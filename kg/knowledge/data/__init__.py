"""The built knowledge, as Parquet files: nodes, relationships, names and their manifest."""
