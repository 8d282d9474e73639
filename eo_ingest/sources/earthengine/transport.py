"""HTTP for the Earth Engine client: as many connections as there are requests in flight, and a deadline on each."""

from __future__ import annotations

from typing import Any

import httplib2
import requests
from requests.adapters import HTTPAdapter


class Transport:
    """What the client asks of an `http_transport`: httplib2's `request`, here over `requests`.

    The client's own keeps ten connections and gives up no request by itself.
    """

    def __init__(self, connections: int, deadline_s: float) -> None:
        self._session = requests.Session()
        adapter = HTTPAdapter(pool_connections=4, pool_maxsize=connections)
        self._session.mount("https://", adapter)
        self._session.mount("http://", adapter)
        self._deadline_s = deadline_s

    def request(
        self,
        uri: str,
        method: str = "GET",
        body: str | bytes | None = None,
        headers: dict[str, str] | None = None,
        **_: Any,
    ) -> tuple[httplib2.Response, bytes]:
        """Send and receive; redirections and connection types are `requests`' own affair.

        Raises:
            ConnectionError: if the connection broke.
            TimeoutError: if nothing came for the deadline.
        """
        try:
            reply = self._session.request(method, uri, data=body, headers=headers, timeout=self._deadline_s)
        except requests.exceptions.Timeout as err:
            raise TimeoutError(f"no answer in {self._deadline_s:.0f} s") from err
        except requests.exceptions.RequestException as err:
            raise ConnectionError(str(err)) from err
        return httplib2.Response({**reply.headers, "status": str(reply.status_code)}), reply.content
