"""The whole run through our steps in one process, as `manage.py runbatch` does it, with the time of each stage.

`python -m benchmarks.ours TABLE OUTPUT` needs BATCHSITE_DATA to be a fresh folder whose sandbox.port is noted. Waiting
for the provider is not what is measured: the sandbox answers at once, and we look again at once.
"""

from __future__ import annotations

import itertools
import json
import os
import resource
import sys
import time
from pathlib import Path


def main(table: str, output: str) -> None:
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "batchsite.settings")
    import django

    django.setup()
    from django.conf import settings
    from django.core.management import call_command

    from batchsite.batches.models import Batch
    from batchsite.datasets import importer
    from batchsite.drafts import draft_store
    from batchsite.exports import result_files
    from batchsite.processes import gc_tuning
    from batchsite.submission import actions
    from batchsite.submission.local_run import drive
    from batchsite.teams.models import Team
    from batchsite.timeouts import PipelineTimeouts

    settings.TIMEOUTS = PipelineTimeouts(first_look=0.05, poll=0.1)
    call_command("migrate", verbosity=0)
    gc_tuning.freeze()  # as `runbatch` does
    team = Team.objects.create(name="Benchmark")
    marks = {"start": _now()}

    dataset = importer.receive_path(team, Path(table))
    importer.import_step(dataset.pk)
    dataset.refresh_from_db()
    marks["import"] = _now()

    batch = draft_store.new_draft(team, None, dataset)
    Batch.objects.filter(pk=batch.pk).update(prompt="Answer in one word: {{text}}", model="grok-4.3")
    batch.refresh_from_db()
    actions.start(batch, None, None)
    states: dict[str, tuple[float, float]] = {}

    def show(seen: Batch) -> None:
        states.setdefault(seen.state, _now())

    batch = drive(batch.pk, show)
    marks["submit"] = states.get("processing", states["completed"])
    marks["collect"] = _now()

    result_files.write_file(batch, result_files.FORMS["csv"], Path(output))
    marks["export"] = _now()

    names = list(marks)
    stages, cpu = (
        {name: marks[name][clock] - marks[before][clock] for before, name in itertools.pairwise(names)}
        for clock in (0, 1)
    )
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    assert batch.succeeded == batch.total == dataset.row_count
    print(
        json.dumps(
            {
                "seconds": sum(stages.values()),
                "cpu": sum(cpu.values()),
                "peak_mb": peak,
                "rows": batch.total,
                "cost_ticks": batch.cost_ticks,
                "stages": stages,
                "stages_cpu": cpu,
            }
        )
    )


def _now() -> tuple[float, float]:
    """(seconds of the clock, seconds of CPU of this process)."""
    return time.perf_counter(), time.process_time()


if __name__ == "__main__":
    main(*sys.argv[1:])
