"""geetiles' own command line, with the emulator as its Earth Engine.

geetiles calls `ee.Authenticate` and `ee.Initialize(project=…)` itself, also in the processes it starts: here both are
told of the emulator, whose URL is in EMULATOR_URL. Nothing of geetiles is changed.
"""

from __future__ import annotations

import os
from functools import partial

import ee
from google.auth.credentials import AnonymousCredentials

ee.Authenticate = lambda **_how: True
ee.Initialize = partial(ee.Initialize, AnonymousCredentials(), url=os.environ["EMULATOR_URL"])

if __name__ == "__main__":
    from geetiles.main import main

    main()
