"""Django's settings. What an operator can change is in `options.py`; the rest is decided here."""

from __future__ import annotations

import os
from typing import Any

from csp.constants import NONE, SELF

from batchsite import error_reports
from batchsite import options as _options
from batchsite.setup import database, ensure_folders, mail, secret_key, sign_on_providers

OPTIONS = _options.read()
ROOT = _options.ROOT
DATA = OPTIONS.data
ensure_folders(DATA)

SECRET_KEY = OPTIONS.secret_key or secret_key(DATA)
SECRET_KEY_FALLBACKS = list(OPTIONS.secret_key_fallbacks)
DEBUG = OPTIONS.debug
ALLOWED_HOSTS = ["localhost", "127.0.0.1", "[::1]", *OPTIONS.hosts]
CSRF_TRUSTED_ORIGINS = [f"https://{host}" for host in OPTIONS.hosts]

INSTALLED_APPS = [
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "allauth",
    "allauth.account",
    "allauth.mfa",
    "allauth.usersessions",
    "allauth.socialaccount",
    "allauth.socialaccount.providers.openid_connect",
    "whitenoise.runserver_nostatic",
    "django.contrib.staticfiles",
    "django_htmx",
    "csp",
    "django_q",
    "batchsite.processes",
    "batchsite.teams",
    "batchsite.entry",
    "batchsite.datasets",
    "batchsite.media",
    "batchsite.prompts",
    "batchsite.batches",
    "batchsite.submission",
    "batchsite.asks",
    "batchsite.drafts",
    "batchsite.trials",
    "batchsite.results",
    "batchsite.gallery",
    "batchsite.notifications",
    "batchsite.exports",
    "batchsite.operations",
    "batchsite.retention",
    "batchsite.metrics",
    "batchsite.audit",
    "batchsite.takeout",
]
MIDDLEWARE = [
    "batchsite.processes.health.HealthFirst",
    "batchsite.entry.browser_powers.BrowserPowers",
    "django.middleware.security.SecurityMiddleware",
    "csp.middleware.CSPMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "batchsite.processes.stream_slots.StreamSlots",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "django_htmx.middleware.HtmxMiddleware",
    "allauth.account.middleware.AccountMiddleware",
    "batchsite.teams.middleware.TeamMiddleware",
    "batchsite.audit.middleware.AuditTrail",
    "batchsite.entry.wrong_method.WrongMethod",
]
ROOT_URLCONF = "batchsite.urls"
WSGI_APPLICATION = "batchsite.wsgi.application"
TEMPLATES: list[dict[str, Any]] = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [ROOT / "templates"],
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.messages.context_processors.messages",
                "batchsite.teams.page_context.team",
                "batchsite.entry.ways_in.ways",
                "batchsite.home.rail_context.running",
            ],
            "builtins": ["batchsite.templatetags.words", "batchsite.templatetags.parts"],
            "loaders": [
                (
                    "django.template.loaders.cached.Loader",
                    ["batchsite.whitespace.Loader", "django.template.loaders.app_directories.Loader"],
                )
            ],
        },
    }
]

DATABASES = {"default": database(OPTIONS.database_url, DATA)}
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

# One worker-visible truth lives in the database; the cache only serves a process itself.
CACHES = {"default": {"BACKEND": "django.core.cache.backends.locmem.LocMemCache"}}

# People. What is decided about signing in stands in docs/operations.md, "Signing in".
AUTH_USER_MODEL = "teams.User"
AUTHENTICATION_BACKENDS = ["allauth.account.auth_backends.AuthenticationBackend"]
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "django.contrib.auth.password_validation.UserAttributeSimilarityValidator"},
    {"NAME": "django.contrib.auth.password_validation.MinimumLengthValidator", "OPTIONS": {"min_length": 10}},
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
]
PASSWORD_HASHERS = [
    "batchsite.entry.hasher.Argon2",
    "django.contrib.auth.hashers.PBKDF2PasswordHasher",  # older accounts; made anew at the next sign-in
]
PASSWORD_RESET_TIMEOUT = 24 * 60 * 60
LOGIN_URL = "sign-in"
LOGIN_REDIRECT_URL = "home"
LOGOUT_REDIRECT_URL = "sign-in"
ACCOUNT_ADAPTER = "batchsite.entry.account_adapter.AccountAdapter"
ACCOUNT_LOGIN_METHODS = {"email"}
ACCOUNT_SIGNUP_FIELDS = ["email*", "password1*"]
ACCOUNT_USER_MODEL_USERNAME_FIELD = None
ACCOUNT_FORMS = {
    "login": "batchsite.entry.forms.SignInForm",
    "signup": "batchsite.entry.forms.OpenSignUpForm",
    "reset_password": "batchsite.entry.forms.MailLinkForm",
    "reset_password_from_key": "batchsite.entry.forms.NewPasswordForm",
    "request_login_code": "batchsite.entry.forms.MailCodeForm",
    "reauthenticate": "batchsite.entry.forms.ConfirmForm",
}
ACCOUNT_EMAIL_VERIFICATION = "mandatory" if OPTIONS.email_url and OPTIONS.sign_up == "anyone" else "optional"
ACCOUNT_SESSION_REMEMBER = True
ACCOUNT_LOGIN_BY_CODE_ENABLED = bool(OPTIONS.email_url)
ACCOUNT_REAUTHENTICATION_METHODS = ["password", "mfa"]
ACCOUNT_CHANGE_EMAIL = True
ACCOUNT_EMAIL_NOTIFICATIONS = bool(OPTIONS.email_url)
# Passwords have limits of our own, which all processes share: entry/sign_in.py. `login_failed` counts second steps.
ACCOUNT_RATE_LIMITS = {"login": False, "login_failed": "10/5m/key"}
ACCOUNT_REAUTHENTICATION_TIMEOUT = 60 * OPTIONS.confirm_minutes
ACCOUNT_LOGOUT_REDIRECT_URL = LOGOUT_REDIRECT_URL
ACCOUNT_EMAIL_SUBJECT_PREFIX = ""
ACCOUNT_DEFAULT_HTTP_PROTOCOL = "https" if OPTIONS.https else "http"
MFA_ADAPTER = "batchsite.entry.second_step.SecondStepAdapter"
MFA_SUPPORTED_TYPES = ["totp", "webauthn", "recovery_codes"]
MFA_PASSKEY_LOGIN_ENABLED = True
MFA_ALLOW_UNVERIFIED_EMAIL = True  # nobody can confirm one without a mail server
MFA_FORMS = {
    "activate_totp": "batchsite.entry.second_step_forms.TurnOnForm",
    "authenticate": "batchsite.entry.second_step_forms.CodeForm",
    "reauthenticate": "batchsite.entry.second_step_forms.CodeAgainForm",
    "add_webauthn": "batchsite.entry.passkey_forms.AddPasskeyForm",
    "login_webauthn": "batchsite.entry.passkey_forms.PasskeySignInForm",
    "authenticate_webauthn": "batchsite.entry.passkey_forms.PasskeySecondForm",
    "reauthenticate_webauthn": "batchsite.entry.passkey_forms.PasskeyAgainForm",
}
MFA_TOTP_ISSUER = "batchsite"
MFA_TOTP_TOLERANCE = 1
MFA_WEBAUTHN_ALLOW_INSECURE_ORIGIN = not OPTIONS.https  # browsers allow passkeys without HTTPS on localhost alone
SOCIALACCOUNT_ADAPTER = "batchsite.entry.sign_on.SignOnAdapter"
SOCIALACCOUNT_EMAIL_AUTHENTICATION_AUTO_CONNECT = True
SOCIALACCOUNT_PROVIDERS = sign_on_providers(OPTIONS)

LANGUAGE_CODE = "en"
USE_TZ = True
TIME_ZONE = "UTC"
USE_I18N = False

STATIC_URL = "static/"
STATIC_ROOT = DATA / "static"
STATICFILES_DIRS = [ROOT / "static"]
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {"BACKEND": "whitenoise.storage.CompressedManifestStaticFilesStorage"},
}
MEDIA_ROOT = DATA / "uploads"
# Beside the uploads, so that keeping an upload is a rename and never a second copy.
FILE_UPLOAD_TEMP_DIR = DATA / "uploads" / "incoming"
FILE_UPLOAD_HANDLERS = ["django.core.files.uploadhandler.TemporaryFileUploadHandler"]
DATA_UPLOAD_MAX_MEMORY_SIZE = 10_000_000  # a prompt may be long; files do not count here

globals().update(mail(OPTIONS.email_url))
DEFAULT_FROM_EMAIL = SERVER_EMAIL = OPTIONS.email_from or f"batchsite@{(*OPTIONS.hosts, 'localhost')[0]}"

# The queue. The measured reasons for each number stand in docs/architecture.md, "The queue".
# Its messages are hints: our own rows say what is due, so a lost or doubled message does no harm.
QUEUES = {"short": "batchsite", "long": "batchsite-long"}
Q_CLUSTER: dict[str, Any] = {
    "name": QUEUES["short"],
    "workers": 3,
    "queue_limit": 2,
    "bulk": 1,
    "poll": 0.5,
    "timeout": 120,
    "retry": 400,
    "max_attempts": 1,
    "ack_failures": True,
    "save_limit": -1,
    "catch_up": False,
    "guard_cycle": 0.5,
    "recycle": 500,
    "max_rss": 400_000,
    "label": "Queue",
    "ALT_CLUSTERS": {
        QUEUES["long"]: {"workers": 2, "queue_limit": 1, "timeout": 600, "retry": 2000, "recycle": 100},
    },
}
if OPTIONS.redis_url:
    Q_CLUSTER["redis"] = OPTIONS.redis_url
else:
    Q_CLUSTER["orm"] = "default"

# Rooms that have work to look at: each names a function `due(now) -> list[Job]`.
DUE_SOURCES = [
    "batchsite.datasets.tasks.due",
    "batchsite.media.tasks.due",
    "batchsite.submission.tasks.due",
    "batchsite.submission.tasks.looks_due",
    "batchsite.pricing.tasks.due",
    "batchsite.asks.tasks.due",
    "batchsite.drafts.tasks.due",
    "batchsite.trials.tasks.due",
    "batchsite.results.tasks.due",
    "batchsite.gallery.tasks.due",
    "batchsite.notifications.tasks.due",
    "batchsite.exports.tasks.due",
    "batchsite.operations.team_removal.due",
    "batchsite.retention.tasks.due",
    "batchsite.takeout.tasks.due",
]
ON_EVERY_MACHINE = ["batchsite.submission.restore.keep_up"]

# Security. `check --deploy` is clean as it stands; `manage.py up` on loopback serves plain HTTP and says so
# to its children through BATCHSITE_HTTPS=0.
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = SECURE_SSL_REDIRECT = OPTIONS.https
SECURE_HSTS_SECONDS = 31_536_000 if OPTIONS.https else 0
SECURE_HSTS_INCLUDE_SUBDOMAINS = SECURE_HSTS_PRELOAD = OPTIONS.https
if OPTIONS.behind_proxy:
    SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")
SESSION_COOKIE_AGE = 60 * 60 * 24 * 30
if OPTIONS.https:  # bound to this host and to HTTPS: no neighbour under the same domain can set them
    SESSION_COOKIE_NAME, CSRF_COOKIE_NAME = "__Host-sessionid", "__Host-csrftoken"
SESSION_COOKIE_HTTPONLY = CSRF_COOKIE_HTTPONLY = True
SESSION_COOKIE_SAMESITE = CSRF_COOKIE_SAMESITE = "Lax"
SECURE_REFERRER_POLICY = "same-origin"
X_FRAME_OPTIONS = "DENY"
CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": [SELF],
        "img-src": [SELF, "data:"],
        "base-uri": [NONE],
        "object-src": [NONE],
        "form-action": [SELF],
        "frame-ancestors": [NONE],
    }
}

LOGGING: dict[str, Any] = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {"lines": {"()": "batchsite.setup.JsonLines"}},
    "handlers": {
        "console": {"class": "logging.StreamHandler", "formatter": "lines", "level": OPTIONS.log_level},
        "calls": {"class": "batchsite.metrics.call_counts.CallCounter"},
    },
    "root": {"handlers": ["console"], "level": OPTIONS.log_level},
    "loggers": {
        "django-q": {"level": "WARNING"},
        "django.db.backends": {"level": "WARNING"},  # its statements hold prompts and answers
        "batchsite.xai": {"handlers": ["calls"], "level": "INFO"},
        "httpx": {"level": "WARNING"},
        "httpcore": {"level": "WARNING"},
        "urllib3": {"level": "WARNING"},  # its lines hold the addresses of chats, which are secrets
        "apprise": {"level": "CRITICAL", "propagate": False},  # so do these
    },
}
SILENCED_SYSTEM_CHECKS: list[str] = []

if OPTIONS.sentry_dsn:
    error_reports.start(OPTIONS.sentry_dsn)

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "batchsite.settings")
