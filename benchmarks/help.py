"""Seconds for `eo-ingest --help`, as a whole process, and what a bare Python takes in the same rounds."""

from __future__ import annotations

import json
import shutil
import statistics
import subprocess
import sys
import time
from pathlib import Path

ROUNDS = 15


def main() -> None:
    command = shutil.which("eo-ingest", path=Path(sys.executable).parent)
    if command is None:
        raise SystemExit("eo-ingest is not installed in this environment: pip install .")
    ours, bare = [], []
    for _ in range(ROUNDS):
        ours.append(seconds([command, "--help"]))
        bare.append(seconds([sys.executable, "-c", "pass"]))
    print(json.dumps({"help_s": round(statistics.median(ours), 3), "bare_python_s": round(statistics.median(bare), 3)}))


def seconds(line: list[str]) -> float:
    begun = time.perf_counter()
    subprocess.run(line, check=True, stdout=subprocess.DEVNULL)
    return time.perf_counter() - begun


if __name__ == "__main__":
    main()
