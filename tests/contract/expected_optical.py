"""What the optical products should hold at a spot: numpy on the world's own scenes. See `expected_radar`.

`UNDECIDED` is a further entry: pixels where a cloud score is so near the threshold that rounding decides.
"""

import math
from collections import defaultdict

import numpy as np
from world_support import WORLD, View, laid, median, missing, scenes

S2, SCORES = "COPERNICUS/S2_SR_HARMONIZED", "GOOGLE/CLOUD_SCORE_PLUS/V1/S2_HARMONIZED"
UNDECIDED = "undecided"
CLEAR, NEAR = 0.6, 1e-5
SENSORS = {
    "L30": ("NASA/HLS/HLSL30/v002", ("B2", "B3", "B4", "B5", "B6", "B7")),
    "S30": ("NASA/HLS/HLSS30/v002", ("B2", "B3", "B4", "B8A", "B11", "B12")),
}


def by_score(scene, where):
    """Where a scene is clear, and how far its score is from deciding otherwise."""
    image = WORLD.get(f"{SCORES}/{scene.properties['system:index']}")
    view = View(image, "cs_cdf", where, level=max(0, round(math.log2(where.metres / 10))))
    score, valid = view.bilinear(*view.read("cs_cdf"))
    return valid & (score >= CLEAR), np.where(valid, np.abs(score - CLEAR), 1.0)


def by_scene_classification(scene, where):
    view = View(scene, "SCL", where)
    found, valid = view.nearest(*view.read("SCL"))
    return valid & ~np.isin(found, (1, 3, 8, 9, 10)), np.ones(valid.shape)


def by_qa60(scene, where):
    view = View(scene, "QA60", where)
    found, valid = view.nearest(*view.read("QA60", np.int64))
    return valid & (found & 0b1100_0000_0000 == 0), np.ones(valid.shape)


def rank(scene, where):
    """Granules of the spot's own zone lie on top of others."""
    index = scene.properties["system:index"]
    return (index.split("_T")[1][:2] == where.zone.crs[-2:], index)


def composite(layers, bands, n):
    """Median and count of the acquisitions, each of which is layers on top of each other."""
    seen = [missing(*laid(each)) for each in layers]
    if not seen:
        return {"reflectance": np.full((len(bands), n), np.nan), "n_obs": np.zeros((1, n))}
    stack = np.stack(seen)
    return {"reflectance": median(stack), "n_obs": (~np.isnan(stack[:, :1])).sum(0)}


def sentinel2(frame, where, bands, clear):
    taken, distance = defaultdict(list), np.ones(where.side**2)
    for scene in sorted(scenes(S2, frame.start, frame.end, where), key=lambda s: rank(s, where)):
        view = View(scene, bands[0], where)
        free, away = clear(scene, where)
        distance = np.minimum(distance, away)
        found = [view.bilinear(*view.read(band)) for band in bands]
        take = scene.properties["DATATAKE_IDENTIFIER"]
        taken[take].append((np.stack([v for v, _ in found]), found[0][1] & free))
    return {**composite(taken.values(), bands, where.side**2), UNDECIDED: distance < NEAR}


def hls(frame, where):
    taken = defaultdict(list)
    for sensor, (asset, bands) in SENSORS.items():
        for scene in scenes(asset, frame.start, frame.end, where):
            view = View(scene, bands[0], where)
            flags, valid = view.nearest(*view.read("Fmask", np.int64))
            found = [view.bilinear(*view.read(band)) for band in bands]
            layer = np.stack([v for v, _ in found]), found[0][1] & valid & (flags & 0b1110 == 0)
            taken[sensor, scene.properties["system:time_start"] // 3_600_000].append(layer)
    made = composite(taken.values(), SENSORS["S30"][1], where.side**2)
    return {**made, "reflectance": made["reflectance"] * 10_000}
