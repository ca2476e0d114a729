"""What a large catalog costs: resolving, reading and publishing among millions of versions."""
