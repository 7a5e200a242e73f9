"""De-identification: marks what may tell who a note is about. Replacing is in ``pipeline/deidentification``."""
