"""Whether a header `Accept` names a kind of answer, and whether `Accept-Encoding` takes gzip (RFC 9110, 12.5)."""


def is_accepted(accept: str, kind: str) -> bool:
    """Tell whether a kind is named and wanted: `q=0` says that it is not.  `*/*` names nothing.

    >>> is_accepted("text/html;q=0, Application/JSON;v=1;Q=0.5", "application/json")
    True
    >>> is_accepted("text/html;q=0.0", "text/html"), is_accepted("x-text/html", "text/html")
    (False, False)
    """
    for each in accept.lower().split(","):
        named, *parameters = (part.strip() for part in each.split(";"))
        if named == kind:
            return not any(_is_zero(part) for part in parameters)
    return False


def _is_zero(parameter: str) -> bool:
    name, _, value = parameter.partition("=")
    return name.strip() == "q" and value.strip() in ("0", "0.", "0.0", "0.00", "0.000")


def takes_gzip(accepted: str) -> bool:
    """Tell whether an Accept-Encoding header takes gzip (RFC 9110, 12.5.3)."""
    weights: dict[str, bool] = {}
    for part in accepted.lower().split(","):
        name, *parameters = (word.strip() for word in part.split(";"))
        weights[name] = not any(_is_zero(word) for word in parameters)
    return weights.get("gzip", weights.get("x-gzip", weights.get("*", False)))
