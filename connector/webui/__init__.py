"""What Nuxeo Web UI gets: a package of web resources and XML, without Java, and its builder."""
