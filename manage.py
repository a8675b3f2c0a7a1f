#!/usr/bin/env python
"""The command line of batchsite: `manage.py up` runs it, `manage.py runbatch` needs no browser."""

from __future__ import annotations

import os
import sys

from batchsite.processes import gc_tuning


def main() -> None:
    gc_tuning.look_seldom()
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "batchsite.settings")
    from django.core.management import execute_from_command_line

    from batchsite.options import OptionError

    try:
        execute_from_command_line(sys.argv)
    except OptionError as error:  # a sentence that names the variable
        sys.exit(f"batchsite cannot start: {error}")


if __name__ == "__main__":
    try:
        main()
    except KeyboardInterrupt:
        sys.exit(130)  # Ctrl-C before a command could answer in words
