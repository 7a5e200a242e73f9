"""Medical knowledge: curated tables, readers of open sources, the build, and the files that ship."""
