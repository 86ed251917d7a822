"""The only code that talks to Nuxeo."""
