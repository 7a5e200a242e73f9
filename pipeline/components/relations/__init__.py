"""How mentions of one sentence are related: treats, causes, reveals, located in."""
