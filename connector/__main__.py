"""``python -m connector`` is ``nuxeo-wopi``."""

from connector.cli import main

if __name__ == "__main__":
    main()
