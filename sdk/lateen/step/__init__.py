"""A step's life: resolve, execute, publish; the stores enter as Protocols."""
