"""The control plane: one module per kind of resource. Its function `operations` returns the handlers by API name."""
