"""A Nuxeo and an office client for demo and tests, both on this machine only."""
