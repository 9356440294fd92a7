"""Where a regulator's office may undo what others did: pure.

An office reaches the places whose district begins as its own does, as the roles of people do (GB/T 2260).  A district
that ends in 00 is all that begins with what stands before: 120000 is all of Tianjin, 120116 one district of it.
"""


def covers(office: str, district: str) -> bool:
    """Tell whether the office in one district is there for another."""
    area = office
    while area.endswith("00"):
        area = area[:-2]
    return district.startswith(area)
