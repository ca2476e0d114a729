"""The operator: turns Run resources into Pods and keeps their status."""
