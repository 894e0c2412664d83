"""``python -m shrinkwise`` is the command ``shrinkwise``."""

from shrinkwise.cli import main

if __name__ == "__main__":
    main()
