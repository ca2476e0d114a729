"""A real Kubernetes node for tests: ``python -m tests.cluster`` works it by hand."""
