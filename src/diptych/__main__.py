"""``python -m diptych``."""

from diptych.cli.app import main

if __name__ == "__main__":
    main()
