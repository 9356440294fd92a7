// One statement of a bundle: its texts, signature, certificate, lines, and place in the log
// (coldtrace/events, coldtrace/verify/bundle_statement.py).

import { algorithmOf, leafHash, sha256, verifyInclusion, verifySignature } from './crypto.js';
import { acceptsAt } from './trust.js';
import {
  asBytes, asChoice, asInteger, asList, asMoment, asText, b64, concat, decode, encode, Failed, Malformed, NotCanonical,
  NotChecked, orNull, sameBytes, shape, utf8,
} from './text.js';

const DAY = 86_400_000;
const HOUR = 3_600_000;
const NAME = /^[a-z][a-z0-9_]{0,39}$/;
const DISTRICT = /^\d{6}$/;
const UUID7 = /^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/;
const UNIT = /^[!-~]{1,300}$/;
const ROLES = ['unit', 'parent', 'child', 'input', 'output'];
const WITH_FACTS = ['commission', 'adopt', 'transform'];
const TYPES = [
  'commission', 'adopt', 'pack', 'unpack', 'ship', 'receive', 'store', 'observe', 'count', 'transform', 'open', 'sample',
  'inspect', 'hold', 'release', 'recall', 'lift', 'destroy', 'lose', 'find', 'return', 'sell', 'use', 'relabel', 'void',
  'correct', 'temperature', 'mark', 'close',
];

/** Read the wrapping of one statement; throw Malformed. */
export function readShown(value) {
  shape(value, 'header sig public certificate leaf lines proof');
  shape(value.certificate, 'text sig');
  shape(value.leaf, 'received_at');
  shape(value.proof, 'index path');
  const long = { limit: 4 * 1024 * 1024 };
  return {
    header: asText(value.header, long),
    sig: asBytes(value.sig, 64),
    public: asText(value.public, long),
    certificate: asText(value.certificate.text, long),
    certificateSig: asText(value.certificate.sig),
    receivedAt: asMoment(value.leaf.received_at),
    lines: asList(value.lines, 64).map(readLine),
    index: asInteger(value.proof.index),
    path: asList(value.proof.path, 63).map((step) => asBytes(step, 32)),
  };
}

function readLine(line) {
  shape(line, 'role unit parent s q open index path');
  return {
    role: asChoice(line.role, ROLES),
    unit: asText(line.unit, { pattern: UNIT }),
    parent: orNull(line.parent, (parent) => asText(parent, { pattern: UNIT })),
    s: asBytes(line.s, 16),
    q: asBytes(line.q, 32),
    open: orNull(line.open, readOpening),
    index: asInteger(line.index),
    path: asList(line.path, 13).map((step) => asBytes(step, 32)),
  };
}

function readOpening(open) {
  shape(open, 'salt quantity attributes');
  const { attributes } = open;
  if (attributes === null || typeof attributes !== 'object' || Array.isArray(attributes)) throw new Malformed('attributes');
  if (Object.keys(attributes).length > 16) throw new Malformed('attributes');
  for (const [name, value] of Object.entries(attributes)) {
    asText(name, { pattern: NAME });
    if (value !== null && typeof value === 'object') throw new Malformed('attributes');
    if (typeof value === 'string') asText(value, { limit: 300 });
  }
  return { salt: asBytes(open.salt, 16), quantity: asInteger(open.quantity), attributes };
}

function readHeader(text) {
  if (text.length > 1024) throw new Malformed('length');
  const value = shape(decode(text), 'v net id key prev seen public private pw units uw');
  asInteger(value.v, { low: 1, high: 1 });
  asText(value.id, { pattern: UUID7 });
  const width = (number) => {
    asInteger(number, { low: 16, high: 8192 });
    if (number & (number - 1)) throw new Malformed('width');
    return number;
  };
  width(value.pw);
  asBytes(value.private, 32);
  return {
    net: asBytes(value.net, 32),
    key: asBytes(value.key, 32),
    prev: orNull(value.prev, (prev) => b64(asBytes(prev, 32))),
    seen: orNull(value.seen, (seen) => asBytes(seen, 32)),
    public: asBytes(value.public, 32),
    units: asBytes(value.units, 32),
    width: width(value.uw),
  };
}

function readPublic(text) {
  if (text.length > 8192) throw new Malformed('length');
  const value = shape(decode(text), 'salt type date place by cold evidence facts corrects');
  asBytes(value.salt, 16);
  asChoice(value.type, TYPES);
  shape(value.place, 'role district');
  asChoice(value.by, ['device', 'gateway']);
  asChoice(value.cold, ['ok', 'breach', 'unknown']);
  asList(value.evidence, 64).forEach((each) => asBytes(each, 32));
  const facts = orNull(value.facts, (digest) => asBytes(digest, 32));
  if (facts !== null && !WITH_FACTS.includes(value.type)) throw new Malformed('facts');
  if (value.corrects === null && value.type === 'correct') throw new Malformed('corrects');
  return {
    type: value.type,
    date: asDate(value.date),
    place: readPlace(value.place),
    by: value.by,
    cold: value.cold,
    facts,
    corrects: orNull(value.corrects, (corrects) => {
      shape(corrects, 'header mode');
      asChoice(corrects.mode, ['did_not_occur', 'incorrect_data']);
      return { header: b64(asBytes(corrects.header, 32)), mode: corrects.mode };
    }),
  };
}

const readPlace = ({ role, district }) =>
  `${asText(role, { pattern: NAME })}/${asText(district, { pattern: DISTRICT })}`;

function asDate(text) {
  asText(text, { pattern: /^\d{4}-\d\d-\d\d$/ });
  return asMoment(`${text}T00:00:00.000Z`);
}

/** Return the first and last moment that may belong to a local day of unknown offset. */
export const dayBounds = (date) => [date - 14 * HOUR, date + 36 * HOUR];

function readCertificate(text) {
  if (text.length > 2048) throw new Malformed('length');
  const value = shape(decode(text), 'v net spki use role district site org nbf naf replaces');
  asInteger(value.v, { low: 1, high: 1 });
  asChoice(value.use, ['device', 'gateway', 'receipt']);
  asBytes(value.site, 32);
  if (value.org !== null) asBytes(value.org);
  if (value.replaces !== null) {
    shape(value.replaces, 'key seq header');
    asBytes(value.replaces.key, 32);
    asInteger(value.replaces.seq, { low: 1 });
    asBytes(value.replaces.header, 32);
  }
  const [nbf, naf] = [asMoment(value.nbf), asMoment(value.naf)];
  if (naf < nbf) throw new Malformed('naf');
  return { net: asBytes(value.net, 32), spki: asBytes(value.spki), use: value.use, place: readPlace(value), nbf, naf };
}

/**
 * Make the five checks on the statement at place `number`.
 *
 * `ground` has what all statements of the bundle are checked against: net, list, checkpoint (or null) and now.
 */
export async function checkStatement(shown, number, ground, runCheck) {
  const header = attempt(() => readHeader(shown.header), 'malformed_header');
  const piece = attempt(() => readPublic(shown.public), 'malformed_public');
  const need = ({ value }) => {
    if (value === null) throw new NotChecked('statement_unreadable');
    return value;
  };
  const checks = [
    await runCheck(`statement[${number}]`, () => requireTexts(shown, header, piece, ground)),
    await runCheck(`signature[${number}]`, () => requireSignature(shown, need(header))),
    await runCheck(`certificate[${number}]`, () => requireCertificate(shown, need(header), need(piece), ground)),
    await runCheck(`line[${number}]`, () => requireLines(shown, need(header))),
    await runCheck(`inclusion[${number}]`, () => requireInclusion(shown, ground)),
  ];
  return {
    shown,
    header: header.value,
    public: piece.value,
    hash: await hashOrNull(shown.header),
    checks,
    stands: checks.every((check) => check.result !== 'failed'),
  };
}

// Without SHA-256 a statement has no name by which others could refer to it; continuity then says so.
async function hashOrNull(text) {
  try {
    return b64(await sha256(utf8(text)));
  } catch (error) {
    if (error instanceof NotChecked) return null;
    throw error;
  }
}

function attempt(read, otherwise) {
  try {
    return { value: read(), reason: '' };
  } catch (error) {
    if (error instanceof Malformed) return { value: null, reason: reasonOf(error, otherwise) };
    throw error;
  }
}

const reasonOf = (error, otherwise) => (error instanceof NotCanonical ? 'not_canonical' : otherwise);

async function requireTexts(shown, header, piece, ground) {
  if (header.value === null) throw new Failed(header.reason);
  if (piece.value === null) throw new Failed(piece.reason);
  if (!sameBytes(header.value.net, ground.net)) throw new Failed('other_network');
  if (!sameBytes(await sha256(utf8(shown.public)), header.value.public)) throw new Failed('public_differs');
}

function certificateOf(shown) {
  const { value, reason } = attempt(() => readCertificate(shown.certificate), 'malformed_certificate');
  if (value === null) throw new Failed(reason);
  return value;
}

async function requireSignature(shown, header) {
  const certificate = certificateOf(shown);
  if (!sameBytes(await sha256(certificate.spki), header.key)) throw new Failed('key_differs');
  try {
    algorithmOf(certificate.spki);
  } catch (error) {
    if (error instanceof Malformed) throw new Failed('malformed_key');
    throw error;
  }
  const signed = concat(utf8('CTE1\0'), utf8(shown.header));
  if (!(await verifySignature(certificate.spki, shown.sig, signed))) throw new Failed('bad_signature');
}

async function requireCertificate(shown, header, piece, ground) {
  const certificate = certificateOf(shown);
  if (ground.list === null) throw new NotChecked('no_trusted_list');
  const enrolmentKey = await enrolmentKeyOf(shown, ground.list);
  const [first, last] = dayBounds(piece.date);
  const key = await sha256(certificate.spki);
  if (!sameBytes(certificate.net, ground.net)) throw new Failed('certificate_other_network');
  if (!sameBytes(key, header.key)) throw new Failed('certificate_other_key');
  if (certificate.use !== piece.by) throw new Failed('certificate_other_use');
  if (certificate.place !== piece.place) throw new Failed('certificate_other_place');
  if (last < certificate.nbf || certificate.naf < first) throw new Failed('certificate_window');
  if (enrolmentKey.revoked) throw new Failed('enrolment_key_revoked');
  if (!acceptsAt(enrolmentKey, ground.now)) throw new Failed('enrolment_key_window');
  requireBeforeCut(shown, header.key, ground, 'key_cut');
  requireBeforeCut(shown, enrolmentKey.id, ground, 'enrolment_key_cut');
}

// The certificate does not name its signer: try all enrolment keys.
async function enrolmentKeyOf(shown, list) {
  let sig;
  try {
    sig = asBytes(shown.certificateSig, 64);
  } catch (error) {
    if (error instanceof Malformed) throw new Failed('malformed_certificate');
    throw error;
  }
  const signed = concat(utf8('CTE1-cert\0'), utf8(shown.certificate));
  let lacking = null;
  for (const key of list.keys.filter((each) => each.use === 'enrolment')) {
    try {
      if (await verifySignature(key.spki, sig, signed)) return key;
    } catch (error) {
      if (!(error instanceof NotChecked)) throw error;
      lacking = error;
    }
  }
  throw lacking ?? new Failed('bad_certificate_signature');
}

// Keys are judged by log position, never by claimed time: a thief can claim any.
function requireBeforeCut(shown, key, ground, reason) {
  const cut = ground.list.cuts.find((each) => sameBytes(each.key, key));
  if (cut === undefined) return;
  if (ground.checkpoint === null) throw new NotChecked('no_checkpoint');
  if (ground.checkpoint.origin !== cut.origin || shown.index >= cut.size) throw new Failed(reason);
}

async function requireLines(shown, header) {
  if (shown.lines.length === 0) throw new Failed('no_line');
  for (const line of shown.lines) {
    const leaf = await leafHash(utf8(encode([b64(line.s), line.role, line.unit, line.parent, b64(line.q)])));
    const place = { leaf, index: line.index, size: header.width, path: line.path, root: header.units };
    if (!(await verifyInclusion(place))) throw new Failed('line_not_in_statement');
    if (line.open === null) continue;
    const opened = utf8(encode([line.open.quantity, line.open.attributes]));
    const q = await sha256(concat(utf8('CTE1-qty\0'), line.open.salt, opened));
    if (!sameBytes(q, line.q)) throw new Failed('opening_differs');
  }
}

async function requireInclusion(shown, ground) {
  if (shown.receivedAt % DAY !== 0) throw new Failed('received_at_not_a_day');
  if (ground.checkpoint === null) throw new NotChecked('no_checkpoint');
  const leaf = utf8(
    encode({
      v: 1,
      kind: 'cte1',
      body: shown.header,
      sig: b64(shown.sig),
      received_at: new Date(shown.receivedAt).toISOString(),
    }),
  );
  const { size, root } = ground.checkpoint;
  const place = { leaf: await leafHash(leaf), index: shown.index, size, path: shown.path, root };
  if (leaf.length > 65535 || !(await verifyInclusion(place))) throw new Failed('not_in_log');
}
