from eo_ingest.sources.gunw.source import GunwSource

__all__ = ["GunwSource"]
