"""The emulator as a child process, for a run or a test session."""

from __future__ import annotations

import json
import subprocess
import sys
import threading
from typing import IO, TYPE_CHECKING, Self

from eo_ingest.emulator.errors import EmulatorError

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path
    from types import TracebackType

_START_SECONDS = 120


class EmulatorProcess:
    """Starts an emulator on entering and stops it on leaving.

        with EmulatorProcess(assets=folder) as emulator:
            ee.Initialize(AnonymousCredentials(), url=emulator.url, project="emulator")

    With `gcs`, a folder or `:memory:`, it serves a Cloud Storage with these buckets too, at `gcs_url`.
    The child ends when its standard input closes, so it does not outlive this process however that ends.
    """

    def __init__(
        self,
        assets: Path | None = None,
        port: int = 0,
        *,
        world: bool = True,
        gcs: Path | str | None = None,
        buckets: Sequence[str] = (),
    ) -> None:
        self._command = [sys.executable, "-m", "eo_ingest.emulator", "--port", str(port), "--exit-with-stdin"]
        if assets is not None:
            self._command += ["--assets", str(assets)]
        if not world:
            self._command.append("--no-world")
        if gcs is not None:
            self._command += ["--gcs", str(gcs), *(word for name in buckets for word in ("--bucket", name))]
        self._process: subprocess.Popen[str] | None = None
        self.url = ""
        self.gcs_url = ""

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    @property
    def pid(self) -> int | None:
        """The child's process id while it runs."""
        return None if self._process is None else self._process.pid

    def start(self) -> str:
        """Starts the child and waits for its URL.

        Raises:
            EmulatorError: It did not start; the message is what it wrote.
        """
        self._process = subprocess.Popen(  # noqa: S603  our own interpreter and module
            self._command,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            process_group=0,  # a Ctrl-C at the terminal is for the parent, which then ends this
        )
        watchdog = threading.Timer(_START_SECONDS, self._process.kill)
        watchdog.start()
        assert self._process.stdout is not None  # noqa: S101  it is a pipe
        line = self._process.stdout.readline()
        watchdog.cancel()
        if not line:
            assert self._process.stderr is not None  # noqa: S101  it is a pipe
            message = self._process.stderr.read().strip()
            self.stop()
            raise EmulatorError(message.removeprefix("error: ") or "the emulator ended without a word")
        assert self._process.stderr is not None  # noqa: S101  it is a pipe
        threading.Thread(target=_forward, args=(self._process.stderr,), daemon=True).start()
        urls = json.loads(line)
        self.url, self.gcs_url = str(urls["url"]), str(urls.get("gcs", ""))
        return self.url

    def stop(self) -> None:
        """Ends the child; a second call does nothing."""
        process, self._process = self._process, None
        if process is None:
            return
        if process.stdin is not None:
            process.stdin.close()
        try:
            process.wait(timeout=10)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
        for stream in (process.stdout, process.stderr):
            if stream is not None:
                stream.close()


def _forward(stream: IO[str]) -> None:
    """What the child says goes to our standard error, until it ends."""
    try:
        for line in stream:
            sys.stderr.write(line)
    except ValueError:  # closed while reading
        return
