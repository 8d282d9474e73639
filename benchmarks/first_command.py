"""The README's first command after the install: seconds, peak memory of all its processes, and what came out."""

from __future__ import annotations

import argparse
import json
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import psutil


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=int, default=3)
    arguments = parser.parse_args()
    command = shutil.which("eo-ingest", path=Path(sys.executable).parent)
    if command is None:
        raise SystemExit("eo-ingest is not installed in this environment: pip install .")
    runs = [measured(command) for _ in range(arguments.runs)]
    print(json.dumps({"runs": runs, "seconds_median": sorted(r["seconds"] for r in runs)[len(runs) // 2]}, indent=1))


def measured(command: str) -> dict:
    with tempfile.TemporaryDirectory() as folder:
        line = [command, "tile", "--aoi", "demo", "--source", "emulator", "--store", f"{folder}/demo.zarr", "--json"]
        begun = time.perf_counter()
        process = subprocess.Popen(line, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
        peak: dict[str, int] = {"all": 0, "eo-ingest": 0, "emulator": 0}
        while process.poll() is None:
            sizes = tree(process.pid)
            peak["eo-ingest"] = max(peak["eo-ingest"], sizes[0])
            peak["emulator"] = max(peak["emulator"], sum(sizes[1:]))
            peak["all"] = max(peak["all"], sum(sizes))
            time.sleep(0.05)
        seconds = time.perf_counter() - begun
        summary = json.loads(process.stdout.read())
    return {
        "seconds": round(seconds, 1),
        "peak_rss_mib": {name: round(size / 2**20) for name, size in peak.items()},
        "exit": process.returncode,
        "jobs": summary["jobs"],
        "tiles": summary["tiles"],
        "requests": summary["requests"],
    }


def tree(pid: int) -> list[int]:
    """Resident bytes of a process and of each of its descendants."""
    try:
        root = psutil.Process(pid)
        return [p.memory_info().rss for p in (root, *root.children(recursive=True))]
    except psutil.Error:
        return [0]


if __name__ == "__main__":
    main()
