"""One folder per spaCy component: factory, logic, data."""
