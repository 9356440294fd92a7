"""What commands print: one JSON object, or lines for people."""

import json
import sys
from collections.abc import Mapping

from coldtrace.errors import Refusal


def print_result(result: Mapping[str, object], *, as_json: bool) -> None:
    """Print a result: as one object, or a line for each part."""
    if as_json:
        print(json.dumps(result, ensure_ascii=False))
        return
    for name, value in result.items():
        print(f"{name}\t{value}")


def print_refusal(refusal: Refusal, *, as_json: bool) -> int:
    """Print a refusal and return exit code 1."""
    if as_json:
        print(json.dumps({"code": refusal.code, "zh": refusal.say("zh"), "en": refusal.say("en")}, ensure_ascii=False))
    print(refusal.say("zh"), file=sys.stderr)
    print(refusal.say("en"), file=sys.stderr)
    return 1
