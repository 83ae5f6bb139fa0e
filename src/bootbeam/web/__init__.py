"""Page, API and metrics: views of the journal's events over HTTP, on a port of their own. Nothing here writes."""
