"""Finds definitions of batchsite that nothing reaches but tests: `python -m tests.house.dead`, part of `make check`.

vulture reads the code alone. What only a template, Django or a protocol reaches is told apart here: a name that a
template mentions is alive, and the rest stands in `ALLOWED` with its reason.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator

from vulture import Vulture

from batchsite.options import ROOT

DJANGO = re.compile(
    r"Meta|Command|Migration|indexes|constraints|unique_together|ordering|abstract|proxy|label|name|default_auto_field"
    r"|urlpatterns|handler\d+|add_arguments|handle|help|requires_\w+_checks|clean_\w+|clean|prepare_value|get_context"
    r"|as_sql|compiler|process_\w+|ready|register|builtins|auto_id|USERNAME_FIELD|REQUIRED_FIELDS|EMAIL_FIELD"
    r"|create_option|optgroups|template_name|option_template_name|input_type|use_required_attribute|error_css_class"
)
"""Names that Django looks for."""
ALLOWED = {
    "do_(DELETE|GET|HEAD|OPTIONS|PATCH|POST|PUT)|(daemon_threads|block_on_close|allow_reuse_address)": "http.server",
    "request_queue_size|protocol_version|sys_version|disable_nagle_algorithm|wbufsize": "http.server",
    "graceful|on_client_socket_readable": "gunicorn passes and calls them",
    "readinto|seekable|writable": "io.RawIOBase calls them",
    "temporary_file_path|field_order|get_by_natural_key|label_from_instance": "Django calls them",
    r"(reasoning|completion|cached)_squared": "read by name, from a figure's",
    "upload_file": "file batches",
    r"\w+Config": "Django finds the app",
    "get_client_ip|get_reauthentication_methods|is_safe_url|user_credentials": "allauth calls them",
    "get_email_verification_redirect_url": "allauth calls it",
    "authenticate_by_email|pre_social_login|on_authentication_error|passwordless": "allauth calls and reads them",
    "time_cost|memory_cost|parallelism|to_url|bound_data": "Django reads and calls them",
    "GOOD|BAD": "choices of a column, read by value",
}
"""Pattern of names → why they stay though nothing seems to reach them."""


def offenders() -> Iterator[str]:
    """Lines such as `batchsite/batches/causes.py:8: unused variable 'TRUNCATED'`."""
    finder = Vulture(ignore_decorators=["@register*", "@receiver*"])
    finder.scavenge([str(ROOT / name) for name in ("batchsite", "benchmarks", "manage.py")], exclude=["*/migrations/*"])
    templates = set(re.findall(r"\w+", " ".join(path.read_text() for path in (ROOT / "templates").rglob("*.html"))))
    texts = " ".join(path.read_text() for path in (ROOT / "batchsite").rglob("*.py"))
    allowed = re.compile("|".join(f"(?:{pattern})" for pattern in ALLOWED))
    for item in finder.get_unused_code(min_confidence=60):
        name = str(item.name)
        if (
            name in templates
            or allowed.fullmatch(name)
            or DJANGO.fullmatch(name)
            or item.typ in ("import", "attribute")
        ):
            continue
        if re.search(rf"[\"'][\w.]*\b{re.escape(name)}[\"']", texts):
            continue  # named in a string: a task, a field of values(), a setting
        path = item.filename.relative_to(ROOT)
        if str(path).startswith("benchmarks") or path.name in ("settings.py", "gunicorn_config.py"):
            continue
        yield f"{path}:{item.first_lineno}: unused {item.typ} '{name}'"


def main() -> int:
    found = sorted(offenders())
    print("\n".join(found) or "Nothing is dead.")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
