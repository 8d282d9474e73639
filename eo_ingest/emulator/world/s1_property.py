"""Names and properties of Sentinel-1 scenes, as COPERNICUS/S1_GRD carries them."""

from __future__ import annotations

import datetime as dt
import math
from typing import TYPE_CHECKING, Any

from eo_ingest.emulator.world.frame import PIXEL, SLICES
from eo_ingest.emulator.world.noise import hash_words
from eo_ingest.emulator.world.orbit import DAY, SENTINEL1

if TYPE_CHECKING:
    from eo_ingest.emulator.world.sentinel1 import Scene

_LOST_B = 1_640_217_600_000
_NEW_C = 1_742_860_800_000
_NSSDC = {"A": "2014-016A", "B": "2016-025A", "C": "2024-235A"}


def platform(scene: Scene) -> str:
    """The satellite: A and B take turns until December 2021, A and C from March 2025."""
    if scene.half_cycle % 2 == 0:
        return "A"
    if scene.start < _LOST_B:
        return "B"
    return "C" if scene.start >= _NEW_C else "A"


def _stamp(time: int) -> str:
    return dt.datetime.fromtimestamp(time / 1000, dt.UTC).strftime("%Y%m%dT%H%M%S")


def _orbit_number(scene: Scene) -> int:
    cycle = scene.half_cycle // 2
    return cycle * SENTINEL1.revolutions + scene.frame.track + 2585


def scene_index(scene: Scene) -> str:
    """`system:index`, in the form of the product's name."""
    code = {("VV", "VH"): "DV", ("HH", "HV"): "DH", ("VV",): "SV", ("HH",): "SH"}[scene.polarisations]
    kind = "GRDH" if scene.frame.mode == "IW" else "GRDM"
    take = hash_words(scene.frame.track, scene.half_cycle, 5) % 0x100000
    unique = scene.seed & 0xFFFF
    return (
        f"S1{platform(scene)}_{scene.frame.mode}_{kind}_1S{code}_{_stamp(scene.start)}_{_stamp(scene.start + 25_000)}"
        f"_{_orbit_number(scene):06d}_{take:06X}_{unique:04X}"
    )


def properties(scene: Scene) -> dict[str, Any]:
    """The properties of a scene; the keys and their types are Earth Engine's."""
    frame, number = scene.frame, _orbit_number(scene)
    anx = frame.slice / SLICES * SENTINEL1.period
    return {
        "system:index": scene.index,
        "system:time_start": scene.start,
        "system:time_end": scene.start,
        "system:asset_size": frame.lattice.width * frame.lattice.height * 4,
        "familyName": "SENTINEL-1",
        "nssdcIdentifier": _NSSDC[platform(scene)],
        "platform_number": platform(scene),
        "platformHeading": round(math.degrees(math.atan2(frame.ax, frame.ay)), 6),
        "instrument": "Synthetic Aperture Radar",
        "instrumentMode": frame.mode,
        "instrumentSwath": frame.mode,
        "instrumentConfigurationID": 6,
        "orbitNumber_start": number,
        "orbitNumber_stop": number,
        "relativeOrbitNumber_start": SENTINEL1.number(frame.track),
        "relativeOrbitNumber_stop": SENTINEL1.number(frame.track),
        "cycleNumber": scene.half_cycle // 2 + 1,
        "phaseIdentifier": 1,
        "missionDataTakeID": hash_words(frame.track, scene.half_cycle, 5) % 0x100000,
        "orbitProperties_pass": frame.direction,
        "orbitProperties_ascendingNodeTime": scene.start - round(anx),
        "startTimeANX": round(anx, 1),
        "stopTimeANX": round(anx + 25_000, 1),
        "segmentStartTime": scene.start - (frame.slice % 12) * 25_000,
        "sliceNumber": frame.slice % 12 + 1,
        "sliceProductFlag": "true",
        "totalSlices": 12,
        "resolution": "H" if frame.mode == "IW" else "M",
        "resolution_meters": int(PIXEL[frame.mode]),
        "transmitterReceiverPolarisation": list(scene.polarisations),
        "productType": "GRD",
        "productClass": "S",
        "productClassDescription": "SAR Standard L1 Product",
        "productComposition": "Slice",
        "productTimelinessCategory": "Fast-24h",
        **_processing(scene.start),
    }


def _processing(start: int) -> dict[str, Any]:
    done = start + DAY // 8
    facility = {
        "facility_country": "Germany",
        "facility_name": "Copernicus S1 Core Ground Segment - DPA",
        "facility_organisation": "ESA",
        "facility_site": "DLR-Oberpfaffenhofen",
        "software_name": "Sentinel-1 IPF",
        "software_version": "003.10",
        "start": done,
        "stop": done + 600_000,
    }
    return {
        **{
            f"{step}_{key}": value
            for step in ("GRD_Post_Processing", "SLC_Processing")
            for key, value in facility.items()
        },
        "S1TBX_Calibration_Operator_version": "6.0.4",
        "S1TBX_SAR_Processing_version": "6.0.4",
        "SNAP_Graph_Processing_Framework_GPF_version": "6.0.4",
    }
