"""The cluster target: what a person's own computer uses to run pipelines in Kubernetes."""
