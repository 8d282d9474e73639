"""The Earth Engine client's one state per process: credentials, endpoint, and building graphs without a network."""

from __future__ import annotations

import json
import os
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any

from eo_ingest.errors import ConfigError, SourceError

if TYPE_CHECKING:
    from google.auth.credentials import Credentials

HIGH_VOLUME = "https://earthengine-highvolume.googleapis.com"
SCOPES = ("https://www.googleapis.com/auth/earthengine", "https://www.googleapis.com/auth/cloud-platform")
DEADLINE_S = 6 * 60
_CLOUD_MARKS = ("K_SERVICE", "CLOUD_RUN_JOB", "GCE_METADATA_HOST")
_NO_CREDENTIALS = (
    "no Earth Engine credentials were found. Either run `earthengine authenticate` (or set "
    "GOOGLE_APPLICATION_CREDENTIALS to a service account's key file) and set EO_INGEST_EE_PROJECT to your Cloud "
    "project, or try everything without an account: add `--source emulator`"
)


def connect(*, project: str | None, url: str | None, anonymous: bool, connections: int = 8) -> None:
    """Initialise the client for this process.

    Args:
        project: the Cloud project that requests are billed to.
        url: the endpoint; None for Earth Engine's high-volume one.
        anonymous: send no credentials, as an emulator wants it.
        connections: requests in flight at most.

    Raises:
        ConfigError: if there are no credentials or no project.
        SourceError: if the endpoint does not answer, or is not Earth Engine's.
    """
    import ee
    from google.auth.credentials import AnonymousCredentials
    from google.auth.exceptions import GoogleAuthError, TransportError
    from googleapiclient.errors import Error as ApiError

    from eo_ingest.sources.earthengine.transport import Transport

    credentials = AnonymousCredentials() if anonymous else find_credentials()
    ee.Reset()
    transport = Transport(connections, DEADLINE_S)
    try:
        ee.Initialize(credentials, url=url or HIGH_VOLUME, project=project, http_transport=transport)
    except ee.EEException as err:
        if "no project found" in str(err):
            raise ConfigError("no Cloud project: set EO_INGEST_EE_PROJECT to one with Earth Engine enabled") from err
        raise SourceError(f"Earth Engine refused to start: {err}") from err
    except (OSError, TransportError) as err:
        raise SourceError(f"Earth Engine did not answer: {err}") from err
    except GoogleAuthError as err:
        raise ConfigError(f"the Earth Engine credentials do not work: {err}") from err
    except (ApiError, ValueError) as err:
        raise SourceError(f"{url or HIGH_VOLUME} does not answer as Earth Engine does: {err}") from err
    # From here on retries are counted and classified by `failure`, not hidden in the client.
    ee.data.setMaxRetries(0)
    ee.data.setDefaultWorkloadTag("eo-ingest-scenes")


def prepare_offline() -> None:
    """Make graphs buildable in this process without a network; does nothing once the client is initialised.

    Raises:
        ConfigError: if the installed client does not carry its algorithm list.
    """
    import ee
    from google.auth.credentials import AnonymousCredentials

    if not ee.data.is_initialized():
        ee.Initialize(
            AnonymousCredentials(), url="https://offline.invalid", project="offline", http_transport=_Offline()
        )


class _Offline:
    """An HTTP transport that answers the two questions of the client's start from its own wheel."""

    def __init__(self) -> None:
        spec = find_spec("ee.tests")
        folder = Path(next(iter(spec.submodule_search_locations or []))) if spec else Path("ee/tests")
        self._algorithms = folder / "algorithms.json"
        self._discovery = folder / "cloud_api_discovery_document.json"
        if not (self._algorithms.is_file() and self._discovery.is_file()):
            raise ConfigError(
                "the installed earthengine-api lacks ee/tests/algorithms.json: expected release 1.7 or later from PyPI"
            )

    def request(self, uri: str, *_: Any, **__: Any) -> tuple[Any, bytes]:
        """Answer as httplib2 would."""
        import httplib2

        if "$discovery" in uri:
            document = json.loads(self._discovery.read_bytes())
            document["rootUrl"] = "https://offline.invalid/"
            return httplib2.Response({"status": "200"}), json.dumps(document).encode()
        if "/algorithms" in uri:
            return httplib2.Response({"status": "200"}), self._algorithms.read_bytes()
        raise SourceError(f"no network while graphs are built, but the client asked for {uri}")


def find_credentials() -> Credentials:
    """The user's credentials, found without asking a network that is not there.

    Raises:
        ConfigError: if there are none; says both ways on.
        SourceError: if Google cannot be asked whether they are valid.
    """
    import ee
    import google.auth
    from google.auth.exceptions import DefaultCredentialsError, TransportError

    if Path(ee.oauth.get_credentials_path()).is_file():
        try:
            found: Credentials = ee.data.get_persistent_credentials()
        except (ee.EEException, ValueError, AttributeError, TypeError, KeyError) as err:  # the file may hold anything
            raise ConfigError(_NO_CREDENTIALS) from err
        except TransportError as err:
            raise SourceError(f"Google did not answer when asked whether the credentials are valid: {err}") from err
        return found
    if not (_has_adc_file() or _on_google_cloud()):
        raise ConfigError(_NO_CREDENTIALS)
    try:
        found, _ = google.auth.default(scopes=SCOPES)
    except (DefaultCredentialsError, OSError) as err:
        raise ConfigError(f"{_NO_CREDENTIALS} (Google says: {err})") from err
    return found


def _has_adc_file() -> bool:
    if os.environ.get("GOOGLE_APPLICATION_CREDENTIALS"):
        return True
    from google.auth import _cloud_sdk

    return Path(_cloud_sdk.get_application_default_credentials_path()).is_file()


def _on_google_cloud() -> bool:
    """Whether a metadata server can be expected; asking for one where there is none takes many seconds."""
    if any(os.environ.get(mark) for mark in _CLOUD_MARKS):
        return True
    board = Path("/sys/class/dmi/id/product_name")
    return board.is_file() and board.read_text(encoding="ascii", errors="ignore").startswith("Google")
