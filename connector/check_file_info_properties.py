"""The properties of CheckFileInfo that clients know, and what each holds.

Sources: Microsoft's page "CheckFileInfo" and the JSON schema of its validator; for the rest,
Collabora's ``wsd/Storage.cpp`` and ONLYOFFICE's page "CheckFileInfo".
"""

from __future__ import annotations

from collections.abc import Mapping

FLAG, NUMBER, TEXT, ADDRESS, LIST, OBJECT = "flag", "number", "text", "address", "list", "object"

_BY_TYPE = {
    FLAG: """
        AllowAddActivitiesUserBatching AllowAdditionalMicrosoftServices AllowEarlyFeatures
        AllowErrorReportPrompt AllowExternalMarketplace AppStateHistoryPostMessage
        CloseButtonClosesWindow ClosePostMessage DisableBrowserCachingOfUserContent DisableCopy
        DisableExport DisableInactiveMessages DisablePrint DisableTranslation DownloadAsPostMessage
        EditModePostMessage EditNotificationPostMessage EditingCannotSave
        EnableInsertRemoteFile EnableInsertRemoteImage EnableOwnerTermination
        EnableRemoteLinkPicker EnableShare FileEmbedCommandPostMessage FileSharingPostMessage
        FileVersionPostMessage HideChangeTrackingControls HideExportOption HidePrintOption
        HideRepairOption HideSaveOption InsertImagePostMessage IsAdminUser IsAnonymousUser
        IsEduUser IsUserLocked IsUserRestricted IsYammerEnabled LicenseCheckForEditIsEnabled
        OpenInClientPostMessage PermissionsPostMessage PolicyCheckPostMessage ProtectInClient
        ProtectedFile ReadOnly ReportAbusePostMessage RestrictedWebViewOnly SaveAsPostmessage
        SupportsAddActivities SupportsCheckPolicy SupportsCheckUserAccess SupportsCobalt
        SupportsContactsResolution SupportsContainers SupportsDeleteFile SupportsEcosystem
        SupportsExtendedLockLength SupportsFileCreation SupportsFileUserValue SupportsFolders
        SupportsGetActivities SupportsGetFileWopiSrc SupportsGetLock SupportsGrantUserAccess
        SupportsLocks SupportsPolicies SupportsRename SupportsReviewing SupportsScenarioLinks
        SupportsSecureStore SupportsUpdate SupportsUserInfo TemporarilyNotWritable UserCanAttend
        UserCanNotWriteRelative UserCanOnlyComment UserCanOnlyManageRedlines UserCanPresent
        UserCanRename UserCanReview UserCanWrite WebEditingDisabled WorkflowPostMessage""",
    NUMBER: "FileNameMaxLength Size",
    TEXT: """
        AADUserObjectId AppliedPolicyId BaseFileName BreadcrumbBrandName BreadcrumbDocName
        BreadcrumbFolderName ClientThrottlingProtection ComplianceDomainPrefix
        CopyPasteRestrictions EmbeddingPageSessionInfo FileExtension HideUserList
        HostAuthenticationId HostAuthenticationIdType HostName HostNotes IrmPolicyDescription
        IrmPolicyTitle LastModifiedTime LicensedOrganization OwnerId PresenceProvider
        PresenceUserId RequestedCallThrottling SHA256 SafeLinksStatus TemplateSaveAs TenantId
        TimeZone UniqueContentId UserFriendlyName UserId UserInfo UserPrincipalName Version
        WatermarkText""",
    ADDRESS: """
        AppCatalogUrl BreadcrumbBrandUrl BreadcrumbDocUrl BreadcrumbFolderUrl ClientUrl CloseUrl
        DirectInvokeDAVUrl DownloadUrl EditAndReplyUrl EmbeddingPageOrigin FileEmbedCommandUrl
        FileSharingUrl FileUrl FileVersionUrl HostDivSyndicationViewUrl HostEditUrl
        HostEmbeddedEditUrl HostEmbeddedViewUrl HostRestUrl HostViewUrl OpenInClientCommandUrl
        PostMessageOrigin PrivacyUrl ReportAbuseUrl SignInUrl SignoutUrl TemplateSource
        TermsOfUseUrl WorkflowUrl""",
    LIST: "CobaltCapabilities EnabledApplicationFeatures SupportedShareUrlTypes WorkflowType",
    OBJECT: "UserExtraInfo UserPrivateInfo",
}

TYPES: Mapping[str, str] = {
    name: kind for kind, names in _BY_TYPE.items() for name in names.split()
}
"""Each known property, and what it holds."""

REQUIRED = frozenset({"BaseFileName", "OwnerId", "Size", "UserId", "Version"})
"""What every answer must have."""

_PER_FILE = """
    AADUserObjectId FileExtension LastModifiedTime PresenceUserId SHA256 UniqueContentId
    UserFriendlyName UserInfo UserPrincipalName"""
PER_FILE = REQUIRED.union(_PER_FILE.split())
"""What is another thing for every file or user. By one for all, clients take files or people for
others, or content for unchanged, and do not save."""

SAVING = frozenset(
    {"SupportsExtendedLockLength", "SupportsGetLock", "SupportsLocks", "SupportsUpdate"}
)
"""How the connector keeps a file while it is edited; told otherwise, nothing can be saved."""

_ONLY_FALSE = """
    SupportsAddActivities SupportsCheckPolicy SupportsCheckUserAccess SupportsCobalt
    SupportsContactsResolution SupportsContainers SupportsDeleteFile SupportsEcosystem
    SupportsFileCreation SupportsFileUserValue SupportsFolders SupportsGetActivities
    SupportsGrantUserAccess SupportsPolicies SupportsRename SupportsSecureStore SupportsUserInfo
    UserCanRename UserCanWrite"""
ONLY: Mapping[str, bool] = {
    "ReadOnly": True,
    "UserCanNotWriteRelative": True,
    **dict.fromkeys(_ONLY_FALSE.split(), False),
}
"""Flags that can be set to this only: they may withhold what there is, not promise what there is
not, or what this user may not."""

NEVER = frozenset({"FileUrl", "TemplateSource"})
"""Addresses that clients fetch without a token and unsigned: content would be open to anybody."""


def fits(name: str, value: object) -> bool:
    """Whether ``value`` has the type that clients expect of a property; any has, of unknown ones.

    Clients refuse a whole answer for one wrong type.
    """
    match TYPES.get(name):
        case None:
            return value is not None
        case "flag":
            return isinstance(value, bool)
        case "number":
            return isinstance(value, int) and not isinstance(value, bool)
        case "list":
            return isinstance(value, list) and all(isinstance(item, str) for item in value)
        case "object":
            return isinstance(value, dict)
        case "address":
            return isinstance(value, str) and value.startswith(("https://", "http://"))
        case _:
            return isinstance(value, str)
