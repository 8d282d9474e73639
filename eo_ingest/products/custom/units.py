"""Units of a user's variables: a closed vocabulary of what rasters of the Earth are in, with prefixes and powers."""

from __future__ import annotations

import re
from difflib import get_close_matches

EXPECTED = "SI units and their like, with powers and no parentheses: '1', 'm', '%', 'dB', 'mm d-1', 'kg m-2 s-1'"

_PREFIXES = ("Y", "Z", "E", "P", "T", "G", "M", "k", "h", "da", "d", "c", "m", "u", "µ", "n", "p", "f", "a", "z", "y")
_PREFIX_NAMES = ("tera", "giga", "mega", "kilo", "hecto", "deci", "centi", "milli", "micro", "nano", "pico")
_SYMBOLS = frozenset(
    {
        "m", "g", "s", "A", "K", "mol", "cd", "Hz", "N", "Pa", "J", "W", "C", "V", "F", "ohm", "Ω", "S", "Wb",
        "T", "H", "lm", "lx", "Bq", "Gy", "Sv", "rad", "sr", "L", "l", "t", "bar", "eV", "cal",
    }
)  # fmt: skip
_NAMES = frozenset(
    {
        "meter", "metre", "gram", "gramme", "second", "ampere", "kelvin", "mole", "candela", "hertz",
        "newton", "pascal", "joule", "watt", "coulomb", "volt", "farad", "siemens", "weber", "tesla", "henry",
        "lumen", "lux", "becquerel", "gray", "sievert", "radian", "steradian", "liter", "litre", "tonne",
    }
)  # fmt: skip
# Taken as they are: without prefixes.
_ALONE = frozenset(
    {
        "%", "percent", "dB", "dBZ", "ppm", "ppmv", "ppb", "ppbv", "DU", "dobson", "ha", "hectare",
        "hectares", "are", "count", "min", "minute", "minutes", "h", "hr", "hour", "hours", "d", "day",
        "days", "week", "weeks", "month", "months", "year", "years", "yr", "degree", "degrees", "arc_degree",
        "arc_minute", "arc_second", "degree_north", "degrees_north", "degree_east", "degrees_east", "degC",
        "celsius", "degree_Celsius", "degree_C", "degF", "fahrenheit",
    }
)  # fmt: skip
_TIMES = frozenset(
    {
        "s", "second", "seconds", "min", "minute", "minutes", "h", "hr", "hour", "hours", "d", "day", "days",
    }
)  # fmt: skip

_SINCE = re.compile(r"(\S+) since \d{4}-\d{2}-\d{2}([T ]\d{2}:\d{2}(:\d{2})?Z?)?")
_NUMBER = re.compile(r"\d+(\.\d+)?([eE][+-]?\d+)?|10\^-?\d{1,2}")
_FACTOR = re.compile(r"([A-Za-zµΩ_%]+)((?:\^|\*\*)?[+-]?\d)?")
_BETWEEN = re.compile(r" *(?:(?<!\*)\*(?!\*)|[·/]) *| +|(?<=[A-Za-z0-9µΩ%])\.(?=[A-Za-zµΩ])")


def unknown(units: str) -> str | None:
    """What of a variable's units is none, as a clause for messages; None if all of it is."""
    since = _SINCE.fullmatch(units)
    if since:
        return None if since[1] in _TIMES else f"{since[1]!r} is no unit of time"
    for part in _BETWEEN.split(units):
        factor = _FACTOR.fullmatch(part)
        if not _NUMBER.fullmatch(part) and not (factor and _is_unit(factor[1])):
            near = get_close_matches(part, sorted(_SYMBOLS | _NAMES | _ALONE), n=1, cutoff=0.75)
            return f"{part!r} is no unit" + (f" (did you mean {near[0]!r}?)" if near else "")
    return None


def _is_unit(word: str) -> bool:
    if word in _SYMBOLS | _NAMES | _ALONE or word.removesuffix("s") in _NAMES:
        return True
    if any(word.startswith(prefix) and word.removeprefix(prefix) in _SYMBOLS for prefix in _PREFIXES):
        return True
    singular = word if word in _NAMES else word.removesuffix("s")
    return any(singular.startswith(prefix) and singular.removeprefix(prefix) in _NAMES for prefix in _PREFIX_NAMES)
