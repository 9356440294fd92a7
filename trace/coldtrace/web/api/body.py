"""What a JSON body of the API is: only what was asked for.

A field with a wrong name is refused, not dropped: `right` for `rights` would make a token that may do everything.
"""

from pydantic import BaseModel, ConfigDict


class BodyIn(BaseModel):
    """A body whose unknown fields are refused with 422 and their name."""

    model_config = ConfigDict(extra="forbid")
