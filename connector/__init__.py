"""A WOPI host that runs beside a Nuxeo server."""

__version__ = "0.1.0"
