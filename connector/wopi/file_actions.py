"""Views of the operations on a file that are no locks and no content.

RenameFile, DeleteFile, PutUserInfo, GetShareUrl and AddActivities, and those that WOPI names and
this host does not have.
"""

from __future__ import annotations

from flask import Response, g, jsonify, request

from connector.wopi import user_info
from connector.wopi.activities import MAX_BODY, Activities, read_activities
from connector.wopi.errors import BadRequest
from connector.wopi.http import name_in, optional_lock_id, unsupported
from connector.wopi.opened import OpenFile
from connector.wopi.removing import Removing
from connector.wopi.renaming import Renaming
from connector.wopi.sharing import Sharing
from connector.wopi.user_info import UserInfo

_NOT_HERE = {
    "GET_RESTRICTED_LINK": "GetRestrictedLink",
    "REVOKE_RESTRICTED_LINK": "RevokeRestrictedLink",
    "READ_SECURE_STORE": "ReadSecureStore",
    "COBALT": "ExecuteCellStorageRequest",
}
"""X-WOPI-Override of the operations that are answered as unsupported, and their names."""


class FileActions:
    """The views of one application.

    Args:
        renaming: RenameFile.
        removing: DeleteFile.
        sharing: GetShareUrl.
        users: PutUserInfo.
        activities: AddActivities.
    """

    def __init__(
        self,
        renaming: Renaming,
        removing: Removing,
        sharing: Sharing,
        users: UserInfo,
        activities: Activities,
    ) -> None:
        self._renaming = renaming
        self._removing = removing
        self._sharing = sharing
        self._users = users
        self._activities = activities

    def post(self, name: str, file: OpenFile) -> Response:
        """The answer to a POST with ``name`` in X-WOPI-Override.

        Raises:
            NotImplementedOperation: there is no such operation.
            WopiError: as the operation says.
        """
        match name:
            case "RENAME_FILE":
                return self._rename_file(file)
            case "DELETE":
                g.operation = "DeleteFile"
                self._removing.delete_file(file, optional_lock_id())
                return Response(status=200)
            case "GET_SHARE_URL":
                g.operation = "GetShareUrl"
                url_type = request.headers.get("X-WOPI-UrlType", "").strip()
                return jsonify({"ShareUrl": self._sharing.get_share_url(file, url_type)})
            case "PUT_USER_INFO":
                g.operation = "PutUserInfo"
                self._users.put_user_info(file, _body(user_info.MAX_LENGTH))
                return Response(status=200)
            case "ADD_ACTIVITIES":
                return self._add_activities(file)
        g.operation = _NOT_HERE.get(name, name)
        raise unsupported(name)

    def _rename_file(self, file: OpenFile) -> Response:
        g.operation = "RenameFile"
        requested = name_in("X-WOPI-RequestedName")
        if requested is None:
            raise BadRequest("X-WOPI-RequestedName is missing")
        return jsonify({"Name": self._renaming.rename_file(file, optional_lock_id(), requested)})

    def _add_activities(self, file: OpenFile) -> Response:
        g.operation = "AddActivities"
        added = self._activities.add_activities(file, read_activities(_body(MAX_BODY)))
        return jsonify(
            {
                "ActivityResponses": [
                    {"Id": activity_id, "Status": status.value} for activity_id, status in added
                ]
            }
        )


def _body(longest: int) -> bytes:
    """The request's body, cut one byte beyond what is allowed, so that it is seen to be too long.

    Raises:
        BadRequest: it broke off, or is compressed.
    """
    if request.content_encoding:
        raise BadRequest(f"a body in Content-Encoding {request.content_encoding} is not taken")
    try:
        body = request.stream.read(longest + 1)
    except Exception as error:
        # Whatever a WSGI server raises for a client that is gone or sends nonsense.
        raise BadRequest("the body broke off") from error
    announced = request.content_length
    if announced is not None and len(body) < min(announced, longest + 1):
        raise BadRequest("the body broke off")
    return body
