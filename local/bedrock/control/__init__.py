"""The control plane: one module per kind of resource, each with its OPERATIONS by API name."""
