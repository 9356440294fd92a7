"""The file of witnesses: who is asked to cosign, one a line."""

from pathlib import Path

from coldtrace.env import Witness
from coldtrace.errors import Refusal, Words
from coldtrace.seal.vkey import WITNESS_KIND, MalformedVkey, parse_vkey


class WitnessFileInvalid(Refusal):
    """A line names no witness."""

    code = "witness_file_invalid"
    title = Words("见证方文件有误", "The file of witnesses is wrong")
    detail = Words(
        "{path} 第 {line} 行有误：每行应为见证方公钥（vkey）、空格、https 地址。",
        "{path}, line {line}: each line is the witness's verifier key (vkey), a space, and its address.",
    )


def read_witnesses(path: Path) -> tuple[Witness, ...]:
    """Return the witnesses of a file: `VKEY URL` lines, empty ones and `#` comments aside; raise WitnessFileInvalid."""
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError):
        raise WitnessFileInvalid(path=str(path), line=0) from None
    found = []
    for number, line in enumerate(lines, 1):
        said = line.split("#")[0].split() if line.lstrip().startswith("#") else line.split()
        if not said:
            continue
        try:
            vkey = parse_vkey(said[0])
        except MalformedVkey:
            raise WitnessFileInvalid(path=str(path), line=number) from None
        if len(said) != 2 or vkey.kind != WITNESS_KIND or not said[1].startswith(("http://", "https://")):
            raise WitnessFileInvalid(path=str(path), line=number)
        found.append(Witness(vkey=vkey, url=said[1].rstrip("/")))
    return tuple(found)
