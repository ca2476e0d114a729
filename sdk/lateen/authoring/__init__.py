"""What a user writes: steps, pipelines, and what compiling makes of them."""
