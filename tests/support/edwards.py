"""A second, slow Ed25519 written from RFC 8032: an oracle for tests, and a tool to make the bad signatures.

It shares nothing with coldtrace.seal or OpenSSL, and it can do what these rightly will not: sign with a chosen
nonce, use keys with a small-order part, print points in ways that nobody should accept.
"""

import hashlib

P = 2**255 - 19
L = 2**252 + 27742317777372353535851937790883648493
D = -121665 * pow(121666, -1, P) % P

Point = tuple[int, int]
IDENTITY: Point = (0, 1)


def add(left: Point, right: Point) -> Point:
    """Return the sum of two points."""
    (x1, y1), (x2, y2) = left, right
    both = D * x1 * x2 * y1 * y2 % P
    x = (x1 * y2 + x2 * y1) * pow(1 + both, -1, P) % P
    return x, (y1 * y2 + x1 * x2) * pow(1 - both, -1, P) % P


def multiply(scalar: int, point: Point) -> Point:
    """Return the point added `scalar` times."""
    result = IDENTITY
    while scalar:
        if scalar & 1:
            result = add(result, point)
        point, scalar = add(point, point), scalar >> 1
    return result


def encode(point: Point) -> bytes:
    """Return the 32 canonical bytes of a point."""
    return (point[1] | (point[0] & 1) << 255).to_bytes(32, "little")


def decode(data: bytes) -> Point | None:
    """Return the point of 32 bytes, reducing y as lenient libraries do; None if there is none."""
    number = int.from_bytes(data, "little")
    y, sign = (number & (2**255 - 1)) % P, number >> 255
    square = (y * y - 1) * pow(D * y * y + 1, -1, P) % P
    x = pow(square, (P + 3) // 8, P)
    if (x * x - square) % P:
        x = x * pow(2, (P - 1) // 4, P) % P
    if (x * x - square) % P:
        return None
    return (x if x & 1 == sign else -x % P), y


def _base() -> Point:
    point = decode((4 * pow(5, -1, P) % P).to_bytes(32, "little"))
    assert point is not None
    return point


BASE = _base()


def torsion() -> list[Point]:
    """Return the eight points whose order divides eight."""
    tries = (decode(hashlib.sha256(bytes([at])).digest()) for at in range(256))
    generators = (multiply(L, point) for point in tries if point is not None)
    generator = next(point for point in generators if multiply(4, point) != IDENTITY)
    return [multiply(times, generator) for times in range(8)]


def challenge(big_r: bytes, key: bytes, data: bytes) -> int:
    """Return h of RFC 8032."""
    return int.from_bytes(hashlib.sha512(big_r + key + data).digest(), "little") % L


def secret_scalar(seed: bytes) -> int:
    """Return the clamped scalar of a seed."""
    number = int.from_bytes(hashlib.sha512(seed).digest()[:32], "little")
    return (number & ((1 << 254) - 8)) | (1 << 254)


def sign_with(scalar: int, *, key: bytes, nonce: int, data: bytes, twist: Point = IDENTITY) -> bytes:
    """Return R | S for a scalar and a nonce of one's choice; `twist` is added to R."""
    big_r = encode(add(multiply(nonce, BASE), twist))
    s = (nonce + challenge(big_r, key, data) * scalar) % L
    return big_r + s.to_bytes(32, "little")


def verifies_with_cofactor(key: bytes, signature: bytes, data: bytes) -> bool:
    """Tell whether 8(S*B) = 8(R + h*A), reading every encoding leniently: what we do not want."""
    big_r, big_a = decode(signature[:32]), decode(key)
    if big_r is None or big_a is None:
        return False
    s = int.from_bytes(signature[32:], "little")
    right = add(big_r, multiply(challenge(signature[:32], key, data), big_a))
    return multiply(8 * s, BASE) == multiply(8, right)
