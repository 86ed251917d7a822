"""What can go wrong between the connector and Nuxeo."""

from __future__ import annotations


class GatewayError(Exception):
    """Nuxeo did not do what was asked, as far as is known. The text is for logs and administrators.

    Unless it is a :class:`NuxeoRefusal`, a call that changes something may have taken effect, or
    may do so yet.
    """


class NuxeoUnavailable(GatewayError):
    """Nuxeo could not be reached, did not answer in time, or answered 502, 503 or 504."""


class NuxeoFailed(GatewayError):
    """An answer that is neither success nor refusal, or one that makes no sense."""


class NuxeoKnowsNoSuchCall(NuxeoFailed):
    """Nuxeo answered 405: this release of it does not have the call."""


class BlobNotStored(GatewayError):
    """Nuxeo answered 200 to an update, but the blob it now holds is not the one sent."""


class NuxeoRefusal(GatewayError):
    """Nuxeo understood, and said no: nothing was done."""


class NuxeoRefusedUser(NuxeoRefusal):
    """Nuxeo answered 401: unknown user, other ``nuxeo.jwt.secret``, or clocks apart."""


class NuxeoForbidden(NuxeoRefusal):
    """Nuxeo answered 403: no permission, locked by somebody else, or under retention."""


class NuxeoNotFound(NuxeoRefusal):
    """Nuxeo answered 404."""


class NuxeoConflict(NuxeoRefusal):
    """Nuxeo answered 409: changed in the meantime, or locked by somebody else."""


class NuxeoTooLarge(NuxeoRefusal):
    """Nuxeo answered 413: a quota is used up, or a proxy before it takes nothing so large.

    Nuxeo's ``QuotaExceededException`` says 413 since LTS 2025.9 (NXP-30837), and 500 before.
    """


class OAuth2Refused(NuxeoRefusal):
    """Nuxeo gives no token for a code.

    Attributes:
        error: the reason's name, of RFC 6749.
    """

    def __init__(self, error: str) -> None:
        super().__init__(f"Nuxeo gives no token: {error}")
        self.error = error
