"""How passwords are hashed."""

from __future__ import annotations

from django.contrib.auth.hashers import Argon2PasswordHasher


class Argon2(Argon2PasswordHasher):
    """argon2id with the figures that OWASP names: 19 MiB and some 30 ms a try.

    Django's own take 100 MiB and eight threads: a few strangers who guess at once would take the memory of the pages.
    """

    time_cost = 2
    memory_cost = 19 * 1024
    parallelism = 1
