"""Archives of notes: readers, the batch runner, writers. Memory does not grow with the archive."""
