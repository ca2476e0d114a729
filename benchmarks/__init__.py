"""What Lateen costs on a laptop, beside ZenML and beside what nothing can go below."""
