"""operators, sites, devices, their keys and rights."""
