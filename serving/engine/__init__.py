"""The only part of the box that runs models: CPU plan, binding, catalogue, queue and inference."""
