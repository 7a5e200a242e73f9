"""Values of laboratory tests, vital signs and scores."""
