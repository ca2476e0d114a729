"""The catalog on PostgreSQL: migrations, named queries, and one synchronous adapter."""
