"""What questions may ask by: times within the years that records know."""

from datetime import datetime
from typing import Annotated

from pydantic import AfterValidator, AwareDatetime

YEARS = (1900, 2199)


def _within_years(moment: datetime) -> datetime:
    if not YEARS[0] <= moment.year <= YEARS[1]:
        raise ValueError(f"a year from {YEARS[0]} to {YEARS[1]}")
    return moment


AskedTime = Annotated[AwareDatetime, AfterValidator(_within_years)]
"""A moment with its offset, in a year from 1900 to 2199, so that no reckoning leaves the calendar."""
