"""How passwords are hashed."""

from __future__ import annotations

from django.contrib.auth.hashers import Argon2PasswordHasher


class Argon2(Argon2PasswordHasher):
    """argon2id with the parameters that OWASP recommends: 19 MiB and about 30 ms an attempt.

    Django's defaults take 100 MiB and eight threads: a few strangers guessing at once would exhaust the memory.
    """

    time_cost = 2
    memory_cost = 19 * 1024
    parallelism = 1
