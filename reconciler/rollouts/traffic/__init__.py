"""Traffic: the split that is wanted (`split.py`), and the routers that carry it (`routers/`)."""
