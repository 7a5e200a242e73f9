"""What things are: the typed records that pass between the rooms. Imports nothing of the project."""
