"""A small Google Cloud Storage: buckets and objects over the JSON and the XML API, in memory or in a folder.

`storage` holds what is there, `json_*`, `upload`, `batch` and `xml_*` answer requests, `app` speaks HTTP,
`serving` runs it. Nothing here knows of Earth Engine.
"""
