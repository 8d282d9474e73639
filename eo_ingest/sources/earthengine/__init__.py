"""Google Earth Engine through its own client: the only modules that talk to it."""
