"""The WOPI protocol, as an office client sees it."""
