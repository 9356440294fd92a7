// Hashes, Merkle paths and strict signature checks, on WebCrypto and nothing else.
//
// What is accepted must not depend on the browser (coldtrace/seal/public_key.py): Ed25519 with S below the group order,
// canonical R and A and no A of small order; P-256 with s in the lower half.  So these are checked here first.

import { concat, Malformed, NotChecked, sameBytes } from './text.js';

const subtle = () => {
  const found = globalThis.crypto?.subtle;
  if (!found) throw new NotChecked('browser_lacks_webcrypto');
  return found;
};

export async function sha256(bytes) {
  return new Uint8Array(await subtle().digest('SHA-256', bytes));
}

export const leafHash = (bytes) => sha256(concat(Uint8Array.of(0), bytes));
const nodeHash = (left, right) => sha256(concat(Uint8Array.of(1), left, right));

/** Tell whether a path leads from a leaf to the root (RFC 9162, section 2.1.3.2). */
export async function verifyInclusion({ leaf, index, size, path, root }) {
  let node = BigInt(index);
  let last = BigInt(size) - 1n;
  if (node < 0n || node > last) return false;
  let here = leaf;
  for (const sibling of path) {
    if (last === 0n) return false;
    if (node % 2n === 1n || node === last) {
      here = await nodeHash(sibling, here);
      while (node % 2n === 0n && node !== 0n) {
        node >>= 1n;
        last >>= 1n;
      }
    } else {
      here = await nodeHash(here, sibling);
    }
    node >>= 1n;
    last >>= 1n;
  }
  return last === 0n && sameBytes(here, root);
}

const fromHex = (text) => Uint8Array.from(text.match(/../g), (pair) => Number.parseInt(pair, 16));
const PREFIXES = {
  Ed25519: fromHex('302a300506032b6570032100'),
  ES256: fromHex('3059301306072a8648ce3d020106082a8648ce3d03010703420004'),
  SM2: fromHex('3059301306072a8648ce3d020106082a811ccf5501822d03420004'),
};
const LENGTHS = { Ed25519: 44, ES256: 91, SM2: 91 };

/** Return the algorithm of a SubjectPublicKeyInfo in its one accepted spelling; throw Malformed for others. */
export function algorithmOf(spki) {
  for (const [alg, prefix] of Object.entries(PREFIXES)) {
    if (spki.length !== LENGTHS[alg] || !sameBytes(spki.slice(0, prefix.length), prefix)) continue;
    if (alg === 'Ed25519') requireGoodPoint(spki.slice(12));
    else requireOnCurve(spki.slice(27), CURVES[alg]);
    return alg;
  }
  throw new Malformed('key');
}

/** Return the SubjectPublicKeyInfo of a raw Ed25519 key. */
export const ed25519Spki = (raw) => concat(PREFIXES.Ed25519, raw);

/** Tell whether `signature` is this key's over `data`; throw NotChecked where this browser cannot say. */
export async function verifySignature(spki, signature, data) {
  const alg = algorithmOf(spki);
  if (alg === 'SM2') throw new NotChecked('unsupported_algorithm');
  if (signature.length !== 64) return false;
  if (alg === 'Ed25519') {
    if (little(signature.slice(32)) >= ORDER || (little(signature.slice(0, 32)) & ~SIGN) >= P) return false;
    return check(spki, { name: 'Ed25519' }, { name: 'Ed25519' }, signature, data, 'browser_lacks_ed25519');
  }
  const [r, s] = [big(signature.slice(0, 32)), big(signature.slice(32))];
  if (r === 0n || r >= P256_ORDER || s === 0n || s > P256_ORDER / 2n) return false;
  const key = { name: 'ECDSA', namedCurve: 'P-256' };
  return check(spki, key, { name: 'ECDSA', hash: 'SHA-256' }, signature, data, 'browser_lacks_es256');
}

/** Return an ECDSA signature with the lower of its two possible s; printed codes may carry either. */
export function lowS(signature) {
  const s = big(signature.slice(32));
  if (s <= P256_ORDER / 2n || s >= P256_ORDER) return signature;
  const low = (P256_ORDER - s).toString(16).padStart(64, '0');
  return concat(signature.slice(0, 32), fromHex(low));
}

async function check(spki, keyAlgorithm, algorithm, signature, data, lacking) {
  const crypto = subtle();
  try {
    const key = await crypto.importKey('spki', spki, keyAlgorithm, false, ['verify']);
    return await crypto.verify(algorithm, key, signature, data);
  } catch (error) {
    // The key was judged good above, so a refusal here is the browser's own limit.
    if (error instanceof DOMException) throw new NotChecked(lacking);
    throw error;
  }
}

const P = 2n ** 255n - 19n;
const ORDER = 2n ** 252n + 27742317777372353535851937790883648493n;
const SIGN = 1n << 255n;
const P256_ORDER = 0xffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551n;
// Field and b of y*y = x*x*x - 3x + b.
const CURVES = {
  ES256: [
    2n ** 256n - 2n ** 224n + 2n ** 192n + 2n ** 96n - 1n,
    0x5ac635d8aa3a93e7b3ebbd55769886bc651d06b0cc53b0f63bce3c3e27d2604bn,
  ],
  SM2: [
    2n ** 256n - 2n ** 224n - 2n ** 96n + 2n ** 64n - 1n,
    0x28e9fa9e9d9f5e344d5a9e4bcf6509a7f39789f515ab8f92ddbcbd414d940e93n,
  ],
};
const SMALL_ORDER_Y = [
  0n,
  1n,
  P - 1n,
  little(fromHex('26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05')),
  little(fromHex('c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a')),
];

function power(base, exponent, modulus) {
  let result = 1n;
  for (let square = base % modulus; exponent > 0n; exponent >>= 1n) {
    if (exponent & 1n) result = (result * square) % modulus;
    square = (square * square) % modulus;
  }
  return result;
}

function requireGoodPoint(raw) {
  const y = little(raw) & ~SIGN;
  if (y >= P || SMALL_ORDER_Y.includes(y)) throw new Malformed('key');
  const d = (((-121665n * power(121666n, P - 2n, P)) % P) + P) % P;
  const u = (y * y - 1n + P) % P;
  const v = (d * y * y + 1n) % P;
  // x*x = u/v has a root exactly when u*v is a square (Euler); u = 0 only for the small orders above.
  if (power(u * v, (P - 1n) / 2n, P) !== 1n) throw new Malformed('key');
}

function requireOnCurve(point, [field, b]) {
  const [x, y] = [big(point.slice(0, 32)), big(point.slice(32))];
  if (x >= field || y >= field || (y * y - (x * x * x - 3n * x + b)) % field !== 0n) throw new Malformed('key');
}

function big(bytes) {
  return bytes.reduce((sum, byte) => (sum << 8n) | BigInt(byte), 0n);
}

function little(bytes) {
  return big(bytes.slice().reverse());
}
