"""A Pod's own containers: one resolves a step's references before it runs, one publishes it."""
