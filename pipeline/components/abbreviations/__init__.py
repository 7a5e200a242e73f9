"""What abbreviations stand for, as the note itself defines them."""
