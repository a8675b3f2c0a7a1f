"""Who may do what: the one table of permissions, by the name of a URL.

The middleware of `teams` enforces it before a view is called, templates ask it whether to offer something
(`{% if "batch-retry" in may %}`), and a test walks every URL as every kind of visitor. A URL that is missing here is
closed to everybody.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum

READS = frozenset({"GET", "HEAD", "OPTIONS"})


class Need(IntEnum):
    """What a request needs. Each step includes those before it, apart from `OPERATE`."""

    NOTHING = 0
    """Visitors, too."""
    ACCOUNT = 1
    """Whoever is signed in, in a team or not."""
    VIEW = 2
    """In the team, in any role."""
    WORK = 3
    """Changes what the team has, or spends money."""
    MANAGE = 4
    """People, keys and budgets."""
    OWN = 5
    """The team itself."""
    OPERATE = 6
    """The installation: owners of the first team."""


@dataclass(frozen=True)
class AccessRule:
    """The permission needed to read a page, and to post to it. A page without forms has no `write`."""

    read: Need
    write: Need | None = None
    confirmed: bool = False
    """Whether the person must have signed in, or confirmed who they are, a short time ago."""

    def need(self, method: str) -> Need:
        return self.read if method in READS or self.write is None else self.write

    @property
    def most(self) -> Need:
        """The permission that everything on the page needs."""
        return self.read if self.write is None else max(self.read, self.write)


OPEN = AccessRule(Need.NOTHING, Need.NOTHING)
OWN_ACCOUNT = AccessRule(Need.ACCOUNT, Need.ACCOUNT)
LOOK = AccessRule(Need.VIEW)
OWN_VIEW = AccessRule(Need.VIEW, Need.VIEW)
"""Remembers something of the person's own: how they look at a page, where they are told of things."""
LOOK_OR_WORK = AccessRule(Need.VIEW, Need.WORK)
WORK = AccessRule(Need.WORK, Need.WORK)
MANAGE = AccessRule(Need.MANAGE, Need.MANAGE)
OWN = AccessRule(Need.OWN, Need.OWN)
OPERATE = AccessRule(Need.OPERATE, Need.OPERATE)
DANGEROUS = AccessRule(Need.MANAGE, Need.MANAGE, confirmed=True)
"""Keys, secrets, roles and people: what Undo cannot take back."""

RULES: dict[str, AccessRule] = {
    # Everybody
    "live": OPEN,
    "ready": OPEN,
    "metrics": OPEN,  # with a token of its own
    "setup": OPEN,
    "sign-in": OPEN,
    "sign-out": OPEN,
    "join": OPEN,
    "shared-results": OPEN,
    # … with the names that allauth gives its views
    "account_signup": OPEN,
    "account_login": OPEN,
    "account_logout": OPEN,
    "account_inactive": OPEN,
    "account_email_verification_sent": OPEN,
    "account_request_login_code": OPEN,
    "account_confirm_login_code": OPEN,
    "mfa_login_webauthn": OPEN,
    "mfa_authenticate": OPEN,
    "account_confirm_email": OPEN,
    "account_reset_password": OPEN,
    "account_reset_password_done": OPEN,
    "account_reset_password_from_key": OPEN,
    "account_reset_password_from_key_done": OPEN,
    "openid_connect_login": OPEN,
    "openid_connect_callback": OPEN,
    "socialaccount_login_cancelled": OPEN,
    "socialaccount_login_error": OPEN,
    # One's own account
    "no-team": OWN_ACCOUNT,
    "account": OWN_ACCOUNT,
    "account-password": OWN_ACCOUNT,
    "account-confirm": OWN_ACCOUNT,
    "sign-out-everywhere": OWN_ACCOUNT,
    "account_email": OWN_ACCOUNT,
    "account_reauthenticate": OWN_ACCOUNT,
    "mfa_reauthenticate": OWN_ACCOUNT,
    "mfa_reauthenticate_webauthn": OWN_ACCOUNT,
    "usersessions_list": OWN_ACCOUNT,
    "session-end": OWN_ACCOUNT,
    "mfa_index": OWN_ACCOUNT,
    "mfa_activate_totp": OWN_ACCOUNT,
    "mfa_deactivate_totp": OWN_ACCOUNT,
    "mfa_view_recovery_codes": OWN_ACCOUNT,
    "mfa_generate_recovery_codes": OWN_ACCOUNT,
    "mfa_download_recovery_codes": OWN_ACCOUNT,
    "mfa_list_webauthn": OWN_ACCOUNT,
    "mfa_add_webauthn": OWN_ACCOUNT,
    "mfa_edit_webauthn": OWN_ACCOUNT,
    "mfa_remove_webauthn": OWN_ACCOUNT,
    "notifications": OWN_VIEW,
    "notification-new": OWN_VIEW,
    "notification": OWN_VIEW,
    "notification-test": OWN_VIEW,
    "notification-secret": OWN_VIEW,
    "notification-remove": OWN_VIEW,
    "notification-again": OWN_VIEW,
    # The team
    "team-notifications": MANAGE,
    "team-notification-new": MANAGE,
    "team-notification": MANAGE,
    "team-notification-test": MANAGE,
    "team-notification-secret": DANGEROUS,
    "team-notification-remove": MANAGE,
    "team-notification-again": MANAGE,
    "home": LOOK,
    "spending": LOOK,
    "ledger": LOOK,
    "ledger-file": LOOK,
    "help": LOOK,
    "palette": LOOK,
    "team": LOOK,
    "team-new": OWN_VIEW,
    "team-switch": OWN_VIEW,
    "team-rename": OWN,
    "team-delete": AccessRule(Need.OWN, Need.OWN, confirmed=True),
    "team-keep": OWN,
    "takeout": AccessRule(Need.OWN, Need.OWN, confirmed=True),
    "takeout-file": AccessRule(Need.OWN, confirmed=True),
    "takeout-remove": OWN,
    "retention": LOOK,
    "retention-set": DANGEROUS,
    "retention-now": DANGEROUS,
    "member-hand-over": AccessRule(Need.OWN, Need.OWN, confirmed=True),
    "team-budget": MANAGE,
    "invitation-new": DANGEROUS,
    "invitation-revoke": MANAGE,
    "member-role": DANGEROUS,
    "member-budget": MANAGE,
    # Oneself; others as `teams.people.may_change` says
    "member-remove": AccessRule(Need.VIEW, Need.VIEW, confirmed=True),
    "key-set": DANGEROUS,
    "key-change": DANGEROUS,
    "key-test": MANAGE,
    "key-in-use-test": MANAGE,
    "key-remove": DANGEROUS,
    "audit": AccessRule(Need.MANAGE),
    "audit-file": AccessRule(Need.MANAGE),
    "server-approve": DANGEROUS,
    "server-remove": MANAGE,
    "installation": OPERATE,
    "installation-team-key": AccessRule(Need.OPERATE, Need.OPERATE, confirmed=True),
    "installation-person": AccessRule(Need.OPERATE, Need.OPERATE, confirmed=True),
    # Datasets
    "datasets": LOOK,
    "dataset": LOOK,
    "dataset-progress": LOOK,
    "dataset-rows": LOOK,
    "dataset-row": LOOK,
    "dataset-original": LOOK,
    "dataset-skipped": LOOK,
    "dataset-thumb": LOOK,
    "dataset-file": LOOK,
    "dataset-problems": LOOK,
    "dataset-upload": WORK,
    "dataset-paste": WORK,
    "dataset-fetch": WORK,
    "dataset-fetch-again": WORK,
    "datasets-selected": WORK,
    "dataset-answer": WORK,
    "dataset-leave": WORK,
    "dataset-again": WORK,
    "dataset-replace": WORK,
    "dataset-rename": WORK,
    "dataset-delete": WORK,
    "dataset-stay": WORK,
    # Asks
    "asks": LOOK_OR_WORK,
    "ask": LOOK,
    "ask-remove": WORK,
    "ask-as-example": WORK,
    "ask-stay": WORK,
    # Prompts
    "prompts": LOOK_OR_WORK,
    "prompt": LOOK_OR_WORK,
    "prompt-compare": LOOK,
    "prompt-rename": WORK,
    "prompt-delete": WORK,
    "prompt-stay": WORK,
    # Drafts and trials
    "batch-new": WORK,
    "batch-edit": WORK,
    "batch-preview": WORK,
    "batch-models": WORK,
    "batch-ask-model": WORK,
    "batch-row-choice": WORK,
    "batch-dead-links": WORK,
    "batch-fill": WORK,
    "batch-starter": WORK,
    "batch-keep": WORK,
    "batch-check": WORK,
    "batch-review": WORK,
    "batch-submit": WORK,
    "try": WORK,
    "try-panel": WORK,
    "try-answers": WORK,
    "try-answer": WORK,
    # Batches
    "batches": LOOK,
    "batches-selected": WORK,
    "batches-save-view": WORK,
    "batches-delete-view": WORK,
    "batch": LOOK,
    "batch-insights": LOOK,
    "batch-activity": LOOK,
    "batch-prompt": LOOK,
    "batch-progress": LOOK,
    "batch-summary": LOOK,
    "batch-course": LOOK,
    "batch-hits": LOOK,
    "batch-rows": LOOK,
    "batch-row": LOOK,
    "batch-columns": OWN_VIEW,
    "batch-compare": LOOK,
    "batches-compared": LOOK,
    "batch-notes": LOOK_OR_WORK,
    "batch-expected": WORK,
    "batch-save-view": WORK,
    "batch-delete-view": WORK,
    "batch-cancel": WORK,
    "batch-finish": WORK,
    "batch-end-here": WORK,
    "batch-summarize": WORK,
    "batches-compare-again": WORK,
    "batch-go-on": WORK,
    "batch-key": WORK,
    "batch-cap": WORK,
    "batch-retry": WORK,
    "batch-row-retry": WORK,
    "row-judge": WORK,
    "row-correct": WORK,
    "batch-rename": WORK,
    "batch-delete": WORK,
    "batch-stay": WORK,
    "batch-again": WORK,
    "batch-new-rows": WORK,
    # Taking results away
    "batch-download": OWN_VIEW,
    "batch-pictures": LOOK,
    "batch-pictures-zip": LOOK,
    "batch-picture": LOOK,
    "batch-picture-file": LOOK,
    "batch-video": LOOK,
    "batch-export": LOOK,
    "batch-results": LOOK,
    "batch-links": WORK,
    "link-revoke": WORK,
    # The account's batches at xAI
    "provider": WORK,
    "provider-batch": WORK,
    "provider-download": WORK,
    "provider-cancel": WORK,
    "provider-adopt": WORK,
}
