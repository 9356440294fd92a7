// The proof that a stolen key's code was registered before the theft (coldtrace/seal/filter_proof.py).
//
// It carries one to three pieces of the filter that the trust list pins at the key, each with its way to the header.

import { leafHash, sha256, verifyInclusion } from './crypto.js';
import { asBytes, asInteger, asList, asMoment, asText, concat, decode, Malformed, sameBytes, shape, utf8 } from './text.js';

const HEADER_MAX = 4096;
const PIECE_BYTES = 768;
const COUNT_MAX = 100_000_000;
const WIDTH = 6;

/** Return header, id and pieces of a proof whose paths lead to its header; throw Malformed. */
export async function readFilterProof(value) {
  shape(value, 'header pieces');
  const header = readHeader(asText(value.header, { limit: HEADER_MAX }));
  const bodyBytes = 3 * header.block * WIDTH;
  const pieces = new Map();
  for (const each of asList(value.pieces, 3)) {
    shape(each, 'bytes index path');
    const [index, piece] = [asInteger(each.index), asBytes(each.bytes)];
    const path = asList(each.path, 63).map((step) => asBytes(step, 32));
    const size = Math.ceil(bodyBytes / PIECE_BYTES);
    const isWhole = piece.length === Math.min(PIECE_BYTES, bodyBytes - index * PIECE_BYTES);
    const leads = await verifyInclusion({ leaf: await leafHash(piece), index, size, path, root: header.body });
    if (pieces.has(index) || !isWhole || !leads) throw new Malformed('piece');
    pieces.set(index, piece);
  }
  if (pieces.size === 0) throw new Malformed('pieces');
  return { header, id: await sha256(utf8(value.header)), pieces };
}

function readHeader(text) {
  const value = shape(decode(text), 'bits body count expires issued key kind net salt seq signer v');
  asInteger(value.v, { low: 1, high: 1 });
  // Only allow-filters are proved to strangers; a hit of the other kinds is a reason to ask.
  if (value.kind !== 'allowed_units' || value.expires !== null || value.signer !== null) throw new Malformed('kind');
  asInteger(value.bits, { low: 8 * WIDTH, high: 8 * WIDTH });
  asInteger(value.seq);
  asMoment(value.issued);
  const count = asInteger(value.count, { high: COUNT_MAX });
  return {
    net: asBytes(value.net, 32),
    key: asBytes(value.key, 32),
    body: asBytes(value.body, 32),
    salt: asBytes(value.salt, 16),
    block: count === 0 ? 0 : Math.floor((32 + Math.floor((count * 123 + 99) / 100) + 2) / 3),
  };
}

/** Tell whether this is the filter that the list pins at a stolen key. */
export const isPinned = (proof, key, net) =>
  key.allow !== null && sameBytes(proof.id, key.allow.sha256) && sameBytes(proof.header.key, key.id)
  && sameBytes(proof.header.net, net);

/** Tell whether the pieces show that a unit is in; a slot that is not shown shows nothing. */
export async function showsUnit(proof, unit) {
  const { salt, block } = proof.header;
  if (block === 0 || /[^\x00-\x7f]/.test(unit)) return false;
  const digest = await sha256(concat(salt, utf8(unit)));
  const view = new DataView(digest.buffer, digest.byteOffset);
  const found = digest.slice(12, 12 + WIDTH);
  for (const each of [0, 1, 2]) {
    const slot = each * block + Number((BigInt(view.getUint32(4 * each)) * BigInt(block)) >> 32n);
    const piece = proof.pieces.get(Math.floor((slot * WIDTH) / PIECE_BYTES));
    if (piece === undefined) return false;
    for (let at = 0; at < WIDTH; at += 1) found[at] ^= piece[((slot * WIDTH) % PIECE_BYTES) + at];
  }
  return found.every((byte) => byte === 0);
}
