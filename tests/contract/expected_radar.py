"""What the radar products should hold at a spot: numpy on the world's own scenes, decisions by tile with shapely.

Each function returns variable name -> (values of each band, or NaN, in stored units; a row per band).
"""

import datetime as dt
from collections import Counter, defaultdict

import numpy as np
import shapely
from world_support import View, laid, lonlat, median, missing, ms, scenes

from eo_ingest.period import EVENT_DAYS, Period

ASSET = "COPERNICUS/S1_GRD"
DAY = 86_400_000
PASSES = ("ASCENDING", "DESCENDING")


def dual(start, end, where):
    found = scenes(ASSET, start, end, where)
    return [s for s in found if s.properties["transmitterReceiverPolarisation"] == ["VV", "VH"]]


def linear(scene, where):
    """Linear power of VV and VH at the spot, and where it is known."""
    view = View(scene, "VV", where)
    (vv, valid), (vh, _) = view.read("VV"), view.read("VH")
    quiet = vv < -30
    bands = [view.bilinear(10 ** (band / 10), valid & ~quiet) for band in (vv, vh)]
    return np.stack([values for values, _ in bands]), bands[0][1]


def datatakes(found, where):
    """(2, n) power of each datatake, NaN where it sees nothing."""
    taken = defaultdict(list)
    for scene in found:
        taken[scene.properties["platform_number"], scene.properties["missionDataTakeID"]].append(linear(scene, where))
    return [missing(*laid(layers)) for layers in taken.values()]


def decibels(power):
    return 1000 * np.log10(power)


def mean(stack):
    count = (~np.isnan(stack)).sum(0)
    return np.where(count > 0, np.nansum(stack, axis=0) / np.maximum(count, 1), np.nan)


def composite(statistic, found, where):
    """(backscatter of VV and VH, number of observations) of scenes of one pass."""
    seen = datatakes(found, where)
    if not seen:
        n = where.side**2
        return np.full((2, n), np.nan), np.zeros((1, n))
    stack = np.stack(seen)
    return decibels(statistic(stack)), (~np.isnan(stack[:, :1])).sum(0)


def grd(frame, where, statistic):
    found = dual(frame.start, frame.end, where)
    made = [
        composite(statistic, [s for s in found if s.properties["orbitProperties_pass"] == name], where)
        for name in PASSES
    ]
    return {"backscatter": np.concatenate([m for m, _ in made]), "n_obs": np.concatenate([n for _, n in made])}


def seasonal(frame, where):
    return grd(frame, where, median)


def monthly(frame, where):
    return grd(frame, where, mean)


# One orbit per tile


def corners(where):
    """The corners of the spot's tile, in degrees."""
    down, across = where.block.place(where.tile)
    left, top = where.place.left + across * 4480, where.place.top - down * 4480
    x, y = np.array([0, 4480, 0, 4480]) + left, top - np.array([0, 0, 4480, 4480])
    return shapely.points(*lonlat(where.zone.crs, x, y))


def track(scene):
    return scene.properties["orbitProperties_pass"], scene.properties["relativeOrbitNumber_start"]


def node_day(scene):
    return scene.properties["orbitProperties_ascendingNodeTime"] // DAY


def held(found, where):
    """(track, day, corner) of everything that was seen of the tile's corners, each once."""
    return {
        (track(scene), node_day(scene), corner)
        for scene in found
        for corner, point in enumerate(corners(where))
        if scene.footprint.intersects(point)
    }


def most(frame, where):
    """The track of each pass that is over the tile's corners most often in the frame's year, the lowest of equals."""
    year = Period.parse(str(frame.start.year + frame.start.month // 12))
    votes = Counter(orbit for orbit, _, _ in held(dual(year.start, year.end, where), where))
    ordered = sorted(votes, key=lambda orbit: (-votes[orbit], orbit[1]))
    return [next((orbit for orbit in ordered if orbit[0] == name), None) for name in PASSES]


def one_orbit(frame, where, statistic):
    found = dual(frame.start, frame.end, where)
    backscatter, counts, orbits = [], [], []
    for best in most(frame, where):
        made, count = composite(statistic, [s for s in found if track(s) == best], where)
        backscatter.append(made)
        counts.append(count)
        orbits.append(np.where(count > 0, best[1] if best else np.nan, np.nan))
    return {
        "backscatter": np.concatenate(backscatter),
        "n_obs": np.concatenate(counts),
        "orbit": np.concatenate(orbits),
    }


def seasonal_of_one_orbit(frame, where):
    return one_orbit(frame, where, median)


def monthly_of_one_orbit(frame, where):
    return one_orbit(frame, where, mean)


# Events


def best_track(found, event, where):
    """The track that an event is shown from in the spot's tile, by the rule in the product's file."""
    seen = held(found, where)
    after = {(track(s), node_day(s)) for s in found if s.start >= ms(event)}

    def merit(orbit):
        sides = [0, 0]
        for corner in range(4):
            days = [day for name, day, at in seen if (name, at) == (orbit, corner)]
            late = sum((orbit, day) in after for day in days)
            sides[0] += min(3, len(days) - late)
            sides[1] += min(3, late)
        soonest = min((day for name, day, _ in seen if name == orbit and (orbit, day) in after), default=np.inf)
        return -(min(sides) > 0), -sum(sides), soonest, orbit[0] == "DESCENDING", orbit[1]

    return min({orbit for orbit, _, _ in seen}, key=merit, default=None)


def event(frame, where):
    side, _, slot = frame.label.partition("-")
    day = frame.end if side == "before" else frame.start
    found = dual(day - dt.timedelta(EVENT_DAYS), day + dt.timedelta(EVENT_DAYS), where)
    orbit = best_track(found, day, where)
    own = [s for s in found if track(s) == orbit and (s.start >= ms(day)) == (side == "after")]
    over = {node for _, node, _ in held(own, where)}
    days = sorted(over, reverse=side == "before")
    n = where.side**2
    if len(days) < int(slot):
        nothing = np.full((1, n), np.nan)
        return {"backscatter": np.full((2, n), np.nan), **dict.fromkeys(("acquired", "orbit", "direction"), nothing)}
    chosen = [s for s in own if node_day(s) == days[int(slot) - 1]]
    power, valid = laid([linear(s, where) for s in chosen])
    acquired = missing(*laid([(np.full((1, n), s.start // DAY), linear(s, where)[1]) for s in chosen]))
    return {
        "backscatter": decibels(missing(power, valid)),
        "acquired": acquired,
        "orbit": np.where(valid, orbit[1], np.nan)[None],
        "direction": np.where(valid, 1 + PASSES.index(orbit[0]), np.nan)[None],
    }


def palsar(frame, where):
    (image,) = scenes("JAXA/ALOS/PALSAR/YEARLY/SAR_EPOCH", frame.start, frame.end, where)
    view = View(image, "HH", where)
    quality, there = view.read("qa")
    plain = there & np.isin(quality, (50, 255))
    bands = []
    for name in ("HH", "HV"):
        numbers, valid = view.read(name)
        power = missing(*view.bilinear(numbers**2, valid & plain & (numbers > 0)))
        bands.append(1000 * np.log10(power) - 8300)
    mask = missing(*view.nearest(quality, there & (quality > 0)))
    epoch, valid = view.read("epoch")
    day = missing(*view.nearest(np.floor(epoch / DAY), valid & there & (quality > 0)))
    return {"backscatter": np.stack(bands), "mask": mask[None], "acquired": day[None]}
