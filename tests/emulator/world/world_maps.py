"""What the catalogue says of each map: an image or a collection, its bands and types, its pixels."""

from typing import NamedTuple

EBD = "Earth_Big_Data/GLOBAL_SEASONAL_S1/V2019"
SEASONS = ("fall", "spring", "summer", "winter")
COHERENCE = [f"{s}_{p}_COH{d}" for s in SEASONS for p in ("hh", "vv") for d in ("06", "12", "18", "24", "36", "48")]
DECAY = [f"{s}_{p}_{m}" for s in SEASONS for p in ("hh", "vv") for m in ("rho", "rmse", "tau")]
AMPLITUDE = [f"{s}_{p}_AMP" for s in SEASONS for p in ("hh", "hv", "vh", "vv")]
GLO30_BANDS = {"DEM": "float32", "EDM": "uint8", "FLM": "uint8", "HEM": "float32", "WBM": "uint8"}
GLO30_PIXELS = (1 / 3600, 6 - 0.5 / 3600, -1 / 3600, 50 + 0.5 / 3600)


class Map(NamedTuple):
    """An asset: `image` is the id of its image over Luxembourg; `pixels` (width, left, height, top)."""

    asset: str
    image: str
    bands: dict[str, str]
    crs: str
    pixels: tuple[float, float, float, float]


def seasonal(name, index, bands):
    """A collection of the seasonal data set, and its tile from 6° E and 50° N."""
    return Map(f"{EBD}/{name}", f"{EBD}/{name}/{index}", bands, "EPSG:4326", (1 / 1200, 6, -1 / 1200, 50))


MAPS = (
    Map(
        "NASA/NASADEM_HGT/001", "NASA/NASADEM_HGT/001", {"elevation": "int16", "num": "uint8", "swb": "uint8"},
        "EPSG:4326", (0.0002777777777777778, -179.0001388888889, -0.0002777777777777778, 61.00013888888889),
    ),
    Map(
        "COPERNICUS/DEM/GLO30", "COPERNICUS/DEM/GLO30/Copernicus_DSM_10_N49_00_E006_00", GLO30_BANDS, "EPSG:4326",
        GLO30_PIXELS,
    ),
    Map(
        "COPERNICUS/DEM/GLO30_2024_1", "COPERNICUS/DEM/GLO30_2024_1/Copernicus_DSM_10_N49_00_E006_00", GLO30_BANDS,
        "EPSG:4326", GLO30_PIXELS,
    ),
    Map(
        "MODIS/061/MOD44B", "MODIS/061/MOD44B/2020_03_05",
        {
            "Percent_Tree_Cover": "uint8", "Percent_NonTree_Vegetation": "uint8", "Percent_NonVegetated": "uint8",
            "Quality": "uint8", "Percent_Tree_Cover_SD": "int16", "Percent_NonVegetated_SD": "int16", "Cloud": "uint8",
        },
        "SR-ORG:6974", (231.65635826374995, -20015109.354, -231.65635826395834, 10007554.677),
    ),
    Map(
        "JRC/GHSL/P2023A/GHS_BUILT_S", "JRC/GHSL/P2023A/GHS_BUILT_S/2020",
        {"built_surface": "uint16", "built_surface_nres": "uint16"}, "Mollweide", (100, -18_041_000, -100, 9_000_000),
    ),
    Map(
        "JRC/GHSL/P2023A/GHS_BUILT_S_10m", "JRC/GHSL/P2023A/GHS_BUILT_S_10m/2018",
        {"built_surface": "uint8", "built_surface_nres": "uint8"}, "Mollweide", (10, -18_041_000, -10, 9_000_000),
    ),
    Map(
        "ESA/CCI/Above_Ground_Biomass/V6_0", "ESA/CCI/Above_Ground_Biomass/V6_0/2020",
        {"agb": "uint16", "agb_sd": "uint16"}, "EPSG:4326", (1 / 1125, -180, -1 / 1125, 80),
    ),
    Map(
        "projects/sat-io/open-datasets/ESA/ESA_CCI_AGB",
        "projects/sat-io/open-datasets/ESA/ESA_CCI_AGB/ESACCI-BIOMASS-L4-AGB-MERGED-100m-2020-fv6",
        {"AGB": "uint16", "SD": "uint16"}, "EPSG:4326", (1 / 1125, -180, -1 / 1125, 80),
    ),
    Map(
        "NASA/ORNL/biomass_carbon_density/v1", "NASA/ORNL/biomass_carbon_density/v1/carbon_density_2010",
        {"agb": "float32", "agb_uncertainty": "float32", "bgb": "float32", "bgb_uncertainty": "float32"},
        "EPSG:4326", (1 / 360, -180, -1 / 360, 84),
    ),
    Map(
        "users/nlang/ETH_GlobalCanopyHeight_2020_10m_v1", "users/nlang/ETH_GlobalCanopyHeight_2020_10m_v1",
        {"b1": "uint8"}, "EPSG:4326", (1 / 12_000, -180, -1 / 12_000, 84),
    ),
    Map(
        "users/nlang/ETH_GlobalCanopyHeightSD_2020_10m_v1", "users/nlang/ETH_GlobalCanopyHeightSD_2020_10m_v1",
        {"b1": "uint8"}, "EPSG:4326", (1 / 12_000, -180, -1 / 12_000, 84),
    ),
    Map(
        "JRC/GSW1_4/GlobalSurfaceWater", "JRC/GSW1_4/GlobalSurfaceWater",
        {
            "occurrence": "uint8", "change_abs": "int8", "change_norm": "int8", "seasonality": "uint8",
            "recurrence": "uint8", "transition": "uint8", "max_extent": "uint8",
        },
        "EPSG:4326", (0.00025, -180, -0.00025, 80),
    ),
    Map(
        "JRC/GSW1_4/YearlyHistory", "JRC/GSW1_4/YearlyHistory/2020", {"waterClass": "uint8"}, "EPSG:4326",
        (0.00025, -180, -0.00025, 80),
    ),
    Map(
        "JRC/GSW1_4/MonthlyHistory", "JRC/GSW1_4/MonthlyHistory/2020_06", {"water": "uint8"}, "EPSG:4326",
        (0.00025, -180, -0.00025, 80),
    ),
    Map(
        "JAXA/ALOS/PALSAR/YEARLY/SAR_EPOCH", "JAXA/ALOS/PALSAR/YEARLY/SAR_EPOCH/2020",
        {"HH": "uint16", "HV": "uint16", "angle": "uint8", "epoch": "float64", "qa": "uint8"},
        "EPSG:4326", (1 / 4500, -180, -1 / 4500, 85),
    ),
    *(seasonal(*row) for row in (
        ("COHERENCE", "N50E006", dict.fromkeys(COHERENCE, "float64")),
        ("COHERENCE_RAW", "N50E006", dict.fromkeys(COHERENCE, "uint8")),
        ("BACKSCATTER", "N50E006", dict.fromkeys(AMPLITUDE, "float64")),
        ("BACKSCATTER_RAW", "N50E006", dict.fromkeys(AMPLITUDE, "uint16")),
        ("DECAY_MODEL_PARAMETERS", "N50E006", dict.fromkeys(DECAY, "float64")),
        ("DECAY_MODEL_PARAMETERS_RAW", "N50E006", dict.fromkeys(DECAY, "uint16")),
        ("INCIDENCE_LAYOVER_SHADOW", "N50E006_019D", {"inc": "uint8", "lsmap": "uint8"}),
    )),
)  # fmt: skip
