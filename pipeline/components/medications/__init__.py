"""How drugs are taken: dose, route, frequency, duration, reason, status; and allergies."""
