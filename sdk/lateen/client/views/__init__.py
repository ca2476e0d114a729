"""What look-ups give outside a pipeline body: history and values, as the catalog records them."""
