"""The links of one code (RFC 9264, GS1 resolver): page and proof.

The whole resolver comes with the consumer's own work.
"""

LINKSET = "application/linkset+json"
_GS1 = "https://ref.gs1.org/voc/"


def linkset(here: str, host: str) -> dict[str, object]:
    """Return the linkset of the code at `here`; every link type is an array, the default link included."""
    url = f"https://{host}{here}"
    page = [{"href": url, "title": "溯源信息 Where this box has been", "type": "text/html", "hreflang": ["zh", "en"]}]
    proof = [{"href": url, "title": "溯源凭证 Proof bundle", "type": "application/vnd.coldtrace.proof+json"}]
    return {
        "linkset": [
            {
                "anchor": url.partition("?")[0],
                f"{_GS1}defaultLink": page,
                f"{_GS1}traceability": [*page, *proof],
                f"{_GS1}pip": page,
            }
        ]
    }
