"""Where the bytes of artifacts lie: content-addressed blobs."""
