"""A small archive of seasonal GeoTIFFs whose numbers say where they are, and servers of it that fail as told."""

import re
import threading
import time
from collections import Counter
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, unquote, urlsplit

import numpy as np
import rasterio
from pyproj import Transformer
from rasterio.transform import Affine

from eo_ingest.grid import Grid
from eo_ingest.job import Job
from eo_ingest.products.coherence import COHERENCE
from eo_ingest.sources.cog import CogSource
from eo_ingest.sources.cog.name import Square

GRID = Grid.load("utm")
FRAMES = ("DJF", "MAM", "JJA", "SON")
SEASONS = ("winter", "spring", "summer", "fall")


def numbers(west, north, row, col, salt=0):
    """A digital number (1 to 100) of a pixel of the archive: neighbours differ, and so do tiles and layers."""
    return (1 + (7 * row + 13 * col + 31 * (west + 180) + 57 * (north + 90) + 11 * salt) % 100).astype(int)


def whole(square, salt=0, dtype="uint8"):
    row, col = np.indices((1200, 1200))
    return numbers(square.west, square.north, row, col, salt).astype(dtype)


def write(folder, square, layer, values, **changes):
    """A file of a tile, in the real ones' form unless something is changed."""
    path = folder / square.name / f"{square.name}_{layer}.tif"
    path.parent.mkdir(parents=True, exist_ok=True)
    profile = {
        "driver": "GTiff",
        "dtype": values.dtype,
        "count": 1,
        "height": values.shape[0],
        "width": values.shape[1],
        "crs": "EPSG:4326",
        "transform": Affine(1 / 1200, 0, square.west, 0, -1 / 1200, square.north),
        "nodata": 0,
        "compress": "lzw",
        **changes,
    }
    with rasterio.open(path, "w", **profile) as out:
        out.write(values, 1)
    return path


def block_at(lon, lat, zone=None):
    """The block of a place, in its own zone unless another is named."""
    number = int((lon + 180) // 6) % 60 + 1
    found = GRID.zone(zone or f"utm{number:02d}{'n' if lat >= 0 else 's'}")
    x, y = Transformer.from_crs("EPSG:4326", found.crs, always_xy=True).transform(lon, lat)
    size = found.tile_size * found.block_tiles
    return found.block(int((found.y_top - y) // size), int((x - found.x_left) // size))


def job_at(lon, lat, tiles=0xFFFF, zone=None):
    return Job("coherence", "2020", block_at(lon, lat, zone), tiles)


def places(job, index):
    """(lon, lat) of the pixel centres of a tile, longitudes from -180 up to 180."""
    zone = GRID.zone(job.block.zone)
    a, _, c, _, e, f = zone.affine(job.block.tile(index), factor=8)
    at = np.arange(56) + 0.5
    x, y = np.meshgrid(c + a * at, f + e * at)
    lon, lat = Transformer.from_crs(zone.crs, "EPSG:4326", always_xy=True).transform(x, y)
    return (lon + 180) % 360 - 180, lat


def expected(job, index, salt=0, lacking=()):
    """The numbers under a tile's pixel centres, 0 where the archive lacks the square; not by the code under test."""
    lon, lat = places(job, index)
    west, north = np.floor(lon).astype(int), np.ceil(lat).astype(int)
    row, col = np.floor((north - lat) * 1200).astype(int), np.floor((lon - west) * 1200).astype(int)
    found = numbers(west, north, row, col, salt)
    for square in lacking:
        found[(west == square.west) & (north == square.north)] = 0
    return found


def squares(job):
    """The squares under a job's tiles, by definition."""
    found = set()
    for index in range(16):
        lon, lat = places(job, index)
        found |= set(zip(np.floor(lon).astype(int).ravel(), np.ceil(lat).astype(int).ravel(), strict=True))
    return sorted(Square(int(west), int(north)) for west, north in found)


def source(url, **options):
    made = {"workers": 4, "synthetic": False, **options}
    return CogSource(GRID, {"coherence": COHERENCE}, url=str(url), **made)


class Server:
    """Serves a folder as `kind` says: `s3` lists keys in pages, `html` has pages of links, `bare` lists nothing.

    `faults` maps the end of a path, or of `?` and the prefix whose keys are asked for, to wrong answers: a status,
    `cut` (the body breaks off), `short` (half a body that says nothing of it), `slow`. A list is used up.
    """

    def __init__(self, folder, kind="s3", page=1000):
        self.folder, self.kind, self.page = folder, kind, page
        self.faults, self.counts, self.listed = {}, Counter(), {}
        self.extra = []
        server = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"
            disable_nagle_algorithm = True

            def do_GET(self):
                server.answer(self)

            def log_message(self, *_):
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        threading.Thread(target=self._server.serve_forever, args=(0.01,), daemon=True).start()

    @property
    def url(self):
        return f"http://127.0.0.1:{self._server.server_port}"

    def close(self):
        self._server.shutdown()
        self._server.server_close()

    def fault(self, key):
        for end, fault in self.faults.items():
            if key.endswith(end):
                if not isinstance(fault, list):
                    return fault
                return fault.pop(0) if fault else None
        return None

    def answer(self, request):
        parts = urlsplit(request.path)
        path = unquote(parts.path).strip("/")
        query = {key: values[0] for key, values in parse_qs(parts.query, keep_blank_values=True).items()}
        key = path + ("?" + query.get("prefix", "") if "list-type" in query else "")
        self.counts[key] += 1
        fault = self.fault(key)
        if fault == "slow":
            time.sleep(1.0)
        if isinstance(fault, int):
            return send(request, fault, b"it went wrong")
        body = self.content(path, query)
        if body is None:
            return send(request, 404, b"nothing here")
        if fault == "short":
            body = body[: len(body) // 2]
        return send(request, 200, body, cut=fault == "cut")

    def content(self, path, query):
        local = self.folder / path
        if local.is_file():
            return local.read_bytes()
        if self.kind == "s3" and not path and query.get("list-type") == "2":
            return self.keys(query).encode()
        if self.kind == "html" and local.is_dir():
            links = "".join(f'<a href="{name.name}{"/" * name.is_dir()}">{name.name}</a>' for name in local.iterdir())
            return f'<html><a href="../">up</a>{links}</html>'.encode()
        return None if self.kind != "bare" or path else b"welcome"

    def keys(self, query):
        prefix, after = query.get("prefix", ""), query.get("continuation-token", "")
        found = sorted(p.relative_to(self.folder).as_posix() for p in self.folder.rglob("*") if p.is_file())
        found = [key for key in (*found, *self.extra) if key.startswith(prefix) and key > after]
        if query.get("delimiter"):
            folders = sorted({prefix + key.removeprefix(prefix).split("/")[0] + "/" for key in found if "/" in key})
            return listing("".join(f"<CommonPrefixes><Prefix>{f}</Prefix></CommonPrefixes>" for f in folders))
        rows = "".join(
            f"<Contents><Key>{key}</Key><ETag>&quot;tag-{len(key)}&quot;</ETag><Size>{self.size(key)}</Size></Contents>"
            for key in found[: self.page]
        )
        more = f"<NextContinuationToken>{found[self.page - 1]}</NextContinuationToken>" if found[self.page :] else ""
        return listing(rows + more)

    def size(self, key):
        path = self.folder / key
        return self.listed.get(key, path.stat().st_size if path.is_file() else 1)


def listing(rows):
    return f'<?xml version="1.0"?><ListBucketResult xmlns="http://s3.amazonaws.com/doc/2006-03-01/">{rows}</ListBucketResult>'


def send(request, status, body, *, cut=False):
    request.send_response(status)
    request.send_header("Content-Length", str(len(body)))
    request.end_headers()
    try:
        request.wfile.write(body[: len(body) // 2] if cut else body)
        if cut:
            request.close_connection = True
    except OSError:
        request.close_connection = True


def is_safe(text):
    """Whether a text names an address without what nobody should see."""
    return not re.search(r"secret|user:|token=", text)
