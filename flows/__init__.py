"""Prefect at the edge: names, retries, limits, schedules; no decision about data."""
