"""The fictional consignment in the template: numbers that are well formed and stand for nothing."""

EXAMPLE_DECLARATION = "020220261000000777"
EXAMPLE_CONTAINER = "CSQU3054383"
