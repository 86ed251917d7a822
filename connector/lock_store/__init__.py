"""Where WOPI locks are kept, shared by all processes that serve one Nuxeo."""
