"""batchsite: a file of prompts, every row answered by Grok at batch prices."""

from __future__ import annotations
