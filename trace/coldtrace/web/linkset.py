"""The links of one code (RFC 9264, GS1 resolver): page and proof.  The resolver comes with the consumer's work."""

LINKSET = "application/linkset+json"
LINKSET_CONTEXT = (
    '<https://ref.gs1.org/standards/resolver/linkset-context>; rel="http://www.w3.org/ns/json-ld#context";'
    ' type="application/ld+json"'
)
_GS1 = "https://ref.gs1.org/voc/"


def linkset(code: str, *, has_proof: bool) -> dict[str, object]:
    """Return the linkset of a printed code; every link type is an array, the default link included."""
    page = [{"href": code, "title": "溯源信息 Where this box has been", "type": "text/html", "hreflang": ["zh", "en"]}]
    proof = [
        {"href": proof_url(code), "title": "溯源凭证 Proof bundle", "type": "application/vnd.coldtrace.proof+json"}
    ]
    return {
        "linkset": [
            {
                "anchor": code.partition("?")[0],
                f"{_GS1}defaultLink": page,
                f"{_GS1}traceability": [*page, *proof] if has_proof else page,
                f"{_GS1}pip": page,
            }
        ]
    }


def proof_url(code: str) -> str:
    """Return the address of a code's proof bundle for those who cannot send an Accept header."""
    return f"{code}&linkType=proof"


def linkset_url(code: str) -> str:
    """Return the address of a code's linkset for those who cannot send an Accept header."""
    return f"{code}&linkType=linkset"
