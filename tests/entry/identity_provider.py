"""A provider of single sign-on: allauth's own, as a site of its own with people and their groups.

    python -m tests.entry.identity_provider 8799 /tmp/folder '{"people": {"dora@example.org": {…}}, "callback": "…"}'

It says "ready" once it answers. People sign in with their e-mail and `PASSWORD`.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from socketserver import ThreadingMixIn
from typing import Any
from wsgiref.simple_server import WSGIRequestHandler, WSGIServer, make_server

CLIENT, SECRET, PASSWORD = "batchsite", "a-secret-of-the-client", "correct horse battery"
PEOPLE: dict[str, dict[str, Any]] = {}


def configure(folder: Path) -> None:
    import django
    from cryptography.hazmat.primitives.asymmetric import rsa
    from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
    from django.conf import settings

    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    settings.configure(
        SECRET_KEY="of a provider in a test, thirty-two letters",
        ALLOWED_HOSTS=["*"],
        ROOT_URLCONF="tests.entry.identity_provider",
        DATABASES={"default": {"ENGINE": "django.db.backends.sqlite3", "NAME": folder / "provider.sqlite3"}},
        INSTALLED_APPS=[
            *("django.contrib.auth", "django.contrib.contenttypes", "django.contrib.sessions"),
            *("django.contrib.messages", "allauth", "allauth.account", "allauth.idp.oidc"),
        ],
        MIDDLEWARE=[
            "django.contrib.sessions.middleware.SessionMiddleware",
            "django.contrib.auth.middleware.AuthenticationMiddleware",
            "django.contrib.messages.middleware.MessageMiddleware",
            "allauth.account.middleware.AccountMiddleware",
        ],
        TEMPLATES=[{"BACKEND": "django.template.backends.django.DjangoTemplates", "APP_DIRS": True}],
        AUTHENTICATION_BACKENDS=["allauth.account.auth_backends.AuthenticationBackend"],
        PASSWORD_HASHERS=["django.contrib.auth.hashers.MD5PasswordHasher"],
        DEFAULT_AUTO_FIELD="django.db.models.BigAutoField",
        USE_TZ=True,
        LOGIN_URL="/login/",
        ACCOUNT_LOGIN_METHODS={"email"},
        ACCOUNT_SIGNUP_FIELDS=["email*", "password1*"],
        ACCOUNT_EMAIL_VERIFICATION="none",
        IDP_OIDC_ADAPTER="tests.entry.identity_provider.Claims",
        IDP_OIDC_PRIVATE_KEY=key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode(),
    )
    django.setup()


def populate(people: dict[str, dict[str, Any]], callback: str) -> None:
    from allauth.account.models import EmailAddress
    from allauth.idp.oidc.models import Client
    from django.contrib.auth.models import User
    from django.core.management import call_command

    call_command("migrate", verbosity=0)
    for email, facts in people.items():
        user = User.objects.create_user(email.split("@")[0], email, PASSWORD, first_name=facts["name"])
        EmailAddress.objects.create(user=user, email=email, primary=True, verified=facts.get("verified", True))
    client = Client(id=CLIENT, name="batchsite", skip_consent=True)
    client.set_secret(SECRET)
    client.set_scopes(["openid", "profile", "email"])
    client.set_redirect_uris([callback])
    client.save()


def __getattr__(name: str) -> Any:
    """What Django looks for in this module once it is set up."""
    if name == "urlpatterns":
        from django.urls import include, path

        return [path("", include("allauth.idp.urls")), path("", include("allauth.account.urls"))]
    if name == "Claims":
        from allauth.idp.oidc.adapter import DefaultOIDCAdapter

        class Claims(DefaultOIDCAdapter):  # type: ignore[misc]
            """The groups of a person beside the claims that everybody has."""

            def get_claims(self, purpose: Any, user: Any, client: Any, scopes: Any, **more: Any) -> dict[str, Any]:
                claims: dict[str, Any] = super().get_claims(purpose, user, client, scopes, **more)
                return claims | {"groups": sys.modules["__main__"].PEOPLE[user.email].get("groups", [])}

        return Claims
    raise AttributeError(name)


class Server(ThreadingMixIn, WSGIServer):
    daemon_threads = True


class Silent(WSGIRequestHandler):
    def log_message(self, *args: Any) -> None:
        """Says nothing."""


def main(port: int, folder: Path, given: dict[str, Any]) -> None:
    from django.core.wsgi import get_wsgi_application

    PEOPLE.update(given["people"])
    configure(folder)
    populate(given["people"], given["callback"])
    server = make_server("127.0.0.1", port, get_wsgi_application(), Server, Silent)
    print(f"ready {server.server_port}", flush=True)
    server.serve_forever()


if __name__ == "__main__":
    main(int(sys.argv[1]), Path(sys.argv[2]), json.loads(sys.argv[3]))
