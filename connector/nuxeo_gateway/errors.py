"""What can go wrong between the connector and Nuxeo."""

from __future__ import annotations


class GatewayError(Exception):
    """Nuxeo did not do what was asked. The text is for logs and administrators."""


class NuxeoUnavailable(GatewayError):
    """Nuxeo could not be reached, did not answer in time, or answered 502, 503 or 504."""


class NuxeoRefusedUser(GatewayError):
    """Nuxeo answered 401: unknown user, other ``nuxeo.jwt.secret``, or clocks apart."""


class NuxeoForbidden(GatewayError):
    """Nuxeo answered 403: no permission, locked by somebody else, or under retention."""


class NuxeoNotFound(GatewayError):
    """Nuxeo answered 404."""


class NuxeoConflict(GatewayError):
    """Nuxeo answered 409: changed in the meantime, or locked by somebody else."""


class NuxeoFailed(GatewayError):
    """Any other answer that is no success, or one that makes no sense."""


class BlobNotStored(GatewayError):
    """Nuxeo answered 200 to an update, but the blob it now holds is not the one sent."""
