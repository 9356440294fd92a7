"""products, consignments and their papers, lots, code runs."""
