"""``python -m clinigraph.app`` is the command ``clinigraph``."""

from .cli import main

if __name__ == "__main__":
    main()
