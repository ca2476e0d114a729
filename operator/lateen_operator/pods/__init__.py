"""The Pods of steps: how they are built and what their state means; pure, plain JSON."""
