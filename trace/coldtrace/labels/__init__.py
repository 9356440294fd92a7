"""Labels: what is printed on cartons, pallets, doors and command cards, each read back before it is released."""
