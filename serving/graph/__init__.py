"""The only importer of ray: deployments as thin shells, and the wiring of all parts."""
