"""A web server with granules, and with what can go wrong on the way."""

from __future__ import annotations

import hashlib
import json
import threading
from collections import Counter
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


def digest(data):
    return hashlib.md5(data, usedforsecurity=False).hexdigest()


class Server:
    """Serves a folder on loopback.

    `faults` maps a file name to the statuses of its next answers, or "short" for a body cut in half, or "hold" for one
    that waits for `release`. `with_index` and `page` say what listing there is; `extra` holds other files.
    """

    def __init__(self, folder, *, with_index=True, page=False):
        self.folder = folder
        self.with_index = with_index
        self.page = page
        self.footprints = {}
        self.faults = {}
        self.asked = Counter()
        self.headers = []
        self.etags = {}
        self.extra = {}
        self.release = threading.Event()
        self.holding = threading.Event()
        outer = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self):
                outer.answer(self)

            def log_message(self, *_):
                pass

        self._httpd = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self._httpd.server_port}/archive/gunw"
        self._thread = threading.Thread(target=self._httpd.serve_forever, kwargs={"poll_interval": 0.01})

    def __enter__(self):
        self._thread.start()
        return self

    def __exit__(self, *_):
        self.release.set()
        self._httpd.shutdown()
        self._thread.join()
        self._httpd.server_close()

    def etag(self, name):
        return self.etags.get(name, digest((self.folder / name).read_bytes()))

    def index(self):
        rows = []
        for path in sorted(self.folder.glob("S1*.nc")):
            row = {"name": path.stem, "size": path.stat().st_size, "etag": f'"{self.etag(path.name)}"'}
            rows.append({**row, "footprint": self.footprints.get(path.name)})
        return json.dumps({"granules": rows, "more": "ignored"}).encode()

    def answer(self, request):
        path = request.path.split("?")[0]
        name = path[path.index("cells/") :] if "cells/" in path else path.rsplit("/", 1)[-1]
        self.asked[name] += 1
        self.headers.append(dict(request.headers))
        fault = self.faults.get(name, [])
        fault = fault.pop(0) if fault else 200
        body = self.body(name)
        if isinstance(fault, int) and fault != 200:
            request.send_response(fault)
            request.send_header("Content-Length", "0")
            request.end_headers()
            return
        if body is None:
            request.send_error(404)
            return
        request.send_response(200)
        request.send_header("Content-Length", str(len(body)))
        if name.endswith(".nc"):
            request.send_header("ETag", f'"{digest(body)}"')
        request.end_headers()
        if fault == "hold":
            request.wfile.write(body[: len(body) // 2])
            request.wfile.flush()
            self.holding.set()
            self.release.wait(20)
            body = body[len(body) // 2 :]
        request.wfile.write(body[: len(body) // 2] if fault == "short" else body)

    def body(self, name):
        if name in self.extra:
            return self.extra[name]
        if name == "index.json":
            return self.index() if self.with_index else None
        if not name:
            links = "".join(f'<a href="{p.name}">{p.name}</a>' for p in sorted(self.folder.iterdir()))
            return f"<html><body><a href='../'>up</a>{links}</body></html>".encode() if self.page else None
        path = self.folder / name
        return path.read_bytes() if path.is_file() else None
