"""How values that callers bring to a run are known in the catalog."""

UPLOADS = "external"
"""The artifact that they are versions of."""
UPLOADING = "upload/"
"""How the holder of a lease on one begins, from its upload until the run is there."""
