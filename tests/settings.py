"""The project's settings for tests: a data folder of their own, no key from outside, no costly hashing.

A settings module, because Django reads its settings before any conftest is imported.
"""

from __future__ import annotations

import atexit
import os
import shutil
import tempfile

from tests.memory_disk import keep_files_in_memory

keep_files_in_memory()
if "REDIS_URL" in os.environ and "PYTEST_XDIST_WORKER" in os.environ:  # each worker has queues of its own
    _number = os.environ["PYTEST_XDIST_WORKER"].removeprefix("gw")
    os.environ["REDIS_URL"] = f"{os.environ['REDIS_URL'].rpartition('/')[0]}/{_number}"
for _name in [name for name in os.environ if name.startswith(("XAI_", "SANDBOX_", "BATCHSITE_"))]:
    if _name not in {"BATCHSITE_REQUIRE", "BATCHSITE_TEST_DATA"}:
        del os.environ[_name]
_folder = tempfile.mkdtemp(prefix="batchsite-tests-")
atexit.register(shutil.rmtree, _folder, ignore_errors=True)
os.environ["BATCHSITE_DATA"] = _folder
os.environ["BATCHSITE_HTTPS"] = "0"

from batchsite.settings import *  # noqa: E402, F403
from batchsite.settings import DATA, DATABASES, LOGGING, STORAGES  # noqa: E402

(DATA / "static").mkdir()  # WhiteNoise warns where it is missing
PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
STORAGES["staticfiles"] = {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"}
# It writes every ten seconds, whichever test calls xAI then: tests/metrics has one of its own.
LOGGING["handlers"]["calls"] = {"class": "logging.NullHandler"}
if DATABASES["default"]["ENGINE"].endswith("sqlite3"):
    # A file, as in production: in memory, threads would share one connection and lock differently.
    DATABASES["default"]["TEST"] = {"NAME": str(DATA / "test.sqlite3")}

# What tests start as processes of their own are the real ones, with the real settings.
os.environ.pop("DJANGO_SETTINGS_MODULE", None)
