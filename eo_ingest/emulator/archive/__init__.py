"""The archives beside Earth Engine, over loopback HTTP: the synthetic world as files, in the real ones' form.

`/archive/gssic/` is the bucket of the seasonal coherence data set, `/archive/gunw/` a folder of interferograms. Files
are made when they are asked for, the same bytes each time.
"""
