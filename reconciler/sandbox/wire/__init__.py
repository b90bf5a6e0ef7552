"""HTTP: paths and queries in, JSON and streams out. No rule of the API lives here."""
