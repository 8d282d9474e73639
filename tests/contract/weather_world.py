"""The emulator of the synthetic world in a process of its own, and what its sources hold as a file says at any time.

`python weather_world.py FILE` serves until its standard input closes. FILE holds one of

- `clear`: everything is there.
- `nothing`: collections have no images, single images are masked everywhere.
- `west CRS X`: pixels whose centres lie at X or east of it, in that CRS, are masked, in every band of every asset.
- `broken CODE MESSAGE`: whatever is asked of an asset ends in that error.
"""

from __future__ import annotations

import json
import subprocess
import sys
import threading
from contextlib import contextmanager
from functools import lru_cache
from pathlib import Path

import numpy as np
from pyproj import Transformer

from eo_ingest.emulator.catalogue import is_collection
from eo_ingest.emulator.crs import definition
from eo_ingest.emulator.errors import EarthEngineError
from eo_ingest.emulator.world import World

ROOT = Path(__file__).resolve().parents[2]


class Weather:
    """The world as a catalogue, under the weather of a file."""

    def __init__(self, file):
        self._file = file
        self._world = World()

    @property
    def now(self):
        kind, *words = self._file.read_text().split(maxsplit=2)
        return kind, words

    def get(self, asset_id):
        kind, words = self.now
        if kind == "broken":
            raise EarthEngineError(words[1], code=int(words[0]))
        found = self._world.get(asset_id)
        if found is None or kind == "clear":
            return found
        return _Collection(found, self) if is_collection(found) else _Image(found, self)

    def children(self, parent_id):
        return self._world.children(parent_id)

    def valid(self, lattice, level, window):
        """Which pixels of a window are not masked by the weather."""
        kind, words = self.now
        if kind == "nothing":
            return np.zeros((window.height, window.width), bool)
        crs, limit = words
        a, b, c, d, e, f = lattice.transform
        col, row = np.meshgrid(
            (window.col + np.arange(window.width) + 0.5) * 2**level,
            (window.row + np.arange(window.height) + 0.5) * 2**level,
        )
        x, y = a * col + b * row + c, d * col + e * row + f
        if lattice.crs != crs:
            x, y = _transformer(lattice.crs, crs).transform(x, y)
        return x < float(limit)


@lru_cache
def _transformer(source, target):
    return Transformer.from_crs(definition(source), target, always_xy=True)


class _Asset:
    """What an asset tells of itself."""

    def __init__(self, asset, weather):
        self._asset, self._weather = asset, weather

    def __getattr__(self, name):
        if name in {"images", "bands", "read"}:  # these tell a collection from an image
            raise AttributeError(name)
        return getattr(self._asset, name)


class _Collection(_Asset):
    def images(self, start, end, bounds):
        if self._weather.now[0] != "nothing":
            for image in self._asset.images(start, end, bounds):
                yield _Image(image, self._weather)


class _Image(_Asset):
    @property
    def bands(self):
        return self._asset.bands

    def read(self, band, level, window):
        values, valid = self._asset.read(band, level, window)
        lattice = next(b.lattice for b in self._asset.bands if b.name == band)
        return values, valid & self._weather.valid(lattice, level, window)


@contextmanager
def served(folder):
    """The URL of such an emulator, and a function that changes the weather."""
    file = Path(folder) / "weather"
    file.write_text("clear")

    def change(*words):
        fresh = file.with_suffix(".new")
        fresh.write_text(" ".join(map(str, words)))
        fresh.replace(file)

    child = subprocess.Popen(
        [sys.executable, __file__, str(file)], cwd=ROOT, env={"PYTHONPATH": str(ROOT), "PATH": ""},
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
    )  # fmt: skip
    try:
        yield json.loads(child.stdout.readline())["url"], change
    finally:
        child.stdin.close()
        child.wait(20)
        child.stdout.close()


def main(file):
    from eo_ingest.emulator import server

    sock = server.listen(0)
    running = server.build(Weather(Path(file)))
    sys.stdout.write(json.dumps({"url": f"http://{server.HOST}:{sock.getsockname()[1]}"}) + "\n")
    sys.stdout.flush()

    def end():
        sys.stdin.read()
        running.should_exit = True

    threading.Thread(target=end, daemon=True).start()
    running.run(sockets=[sock])


if __name__ == "__main__":
    main(*sys.argv[1:])
