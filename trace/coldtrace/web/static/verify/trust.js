// Root documents, trust lists, signed notes and checkpoints (coldtrace/seal).

import { algorithmOf, ed25519Spki, sha256, verifySignature } from './crypto.js';
import {
  asBytes, asInteger, asList, asText, concat, decode, Failed, hex, Malformed, NotChecked, sameBytes, shape, unb64,
  unStdB64, utf8, b64,
} from './text.js';

const LIST_PREFIX = utf8('CCTRUST1\0');
const ROOT_PREFIX = utf8('CCROOT1\0');
const LOG_KIND = 1;
const WITNESS_KIND = 4;

/** Return the root document of its exact text; throw Malformed. */
export async function parseRoot(text) {
  const value = decode(text);
  const first = value?.version === 1;
  shape(value, first ? 'v version threshold roots' : 'v version threshold roots net prev');
  asInteger(value.v, { low: 1, high: 1 });
  asInteger(value.version, { low: 1 });
  const roots = asList(value.roots, Infinity).map((root) => {
    shape(root, 'id alg spki');
    const spki = asBytes(root.spki);
    if (asText(root.id) === '' || algorithmOf(spki) !== root.alg) throw new Malformed('root');
    return { id: root.id, alg: root.alg, spki };
  });
  const ids = new Set(roots.map((root) => root.id));
  const keys = new Set(roots.map((root) => hex(root.spki)));
  if (ids.size < roots.length || keys.size < roots.length) throw new Malformed('roots');
  asInteger(value.threshold, { low: 1, high: roots.length });
  const hash = await sha256(utf8(text));
  const { version, threshold } = value;
  return { version, threshold, roots, hash, net: first ? hash : asBytes(value.net, 32), prev: first ? null : asBytes(value.prev, 32) };
}

/**
 * Return the root document after a change of the chain that a server serves, `current` for one that was taken already;
 * throw Failed, or NotChecked where the browser lacks an algorithm.
 */
export async function walkRootChange(envelope, current) {
  let next, signatures;
  try {
    shape(envelope, 'root sigs');
    signatures = readSignatures(envelope.sigs);
    next = await parseRoot(asText(envelope.root, { limit: Infinity }));
  } catch (error) {
    if (error instanceof Malformed) throw new Failed('root_change_refused');
    throw error;
  }
  if (next.version <= current.version) return current;
  const follows = next.version === current.version + 1 && sameBytes(next.net, current.net) && sameBytes(next.prev, current.hash);
  if (!follows) throw new Failed('root_change_refused');
  const data = concat(ROOT_PREFIX, utf8(envelope.root));
  for (const root of [current, next]) {
    if (!(await hasThreshold(root, signatures, data))) throw new Failed('root_change_refused');
  }
  return next;
}

function readSignatures(value) {
  return asList(value, Infinity).map((each) => {
    shape(each, 'root alg sig');
    return { root: asText(each.root), alg: asText(each.alg), sig: asBytes(each.sig, 64) };
  });
}

// Whether enough roots have signed; one root counts once.  Throws NotChecked if it hangs on those that cannot be checked
// here: anybody can write 64 bytes, so where they could not make up the threshold either, it is a no.
async function hasThreshold(root, signatures, data) {
  let signed = 0;
  let unknown = 0;
  let lacking = null;
  for (const each of root.roots) {
    const claims = signatures.filter((one) => one.root === each.id && one.alg === each.alg);
    try {
      let good = false;
      for (const claim of claims) good ||= await verifySignature(each.spki, claim.sig, data);
      signed += good ? 1 : 0;
    } catch (error) {
      if (!(error instanceof NotChecked)) throw error;
      lacking = error;
      unknown += 1;
    }
  }
  if (signed < root.threshold && signed + unknown >= root.threshold) throw lacking;
  return signed >= root.threshold;
}

/** Return the trust list of an envelope that enough roots have signed; throw Failed or NotChecked. */
export async function openTrustList(envelope, root) {
  let signatures, list;
  try {
    if (!('list' in envelope)) throw new Failed('untrusted_trust_list');
    shape(envelope, 'list sigs');
    signatures = readSignatures(envelope.sigs);
    list = await readList(asText(envelope.list, { limit: Infinity }));
  } catch (error) {
    if (error instanceof Malformed) throw new Failed('malformed_trust_list');
    throw error;
  }
  if (!sameBytes(list.net, root.net)) throw new Failed('untrusted_trust_list');
  const isSigned = await hasThreshold(root, signatures, concat(LIST_PREFIX, utf8(envelope.list)));
  if (!isSigned) throw new Failed('untrusted_trust_list');
  return list;
}

async function readList(text) {
  const value = decode(text);
  if (value === null || typeof value !== 'object') throw new Malformed('list');
  asInteger(value.v, { low: 1, high: 1 });
  const [issued, expires] = [asTime(value.issued), asTime(value.expires, true)];
  if (expires <= issued) throw new Malformed('expires');
  return {
    net: asBytes(value.net, 32),
    seq: asInteger(value.seq, { low: 1 }),
    expires,
    hosts: asList(value.hosts, Infinity).map((host) => asText(host).toLowerCase()),
    keys: await Promise.all(asList(value.keys, Infinity).map(readKey)),
    logs: asList(value.logs, Infinity).map((log) => ({
      origin: asText(log.origin),
      vkey: asText(log.vkey),
      witnesses: asList(log.witnesses, Infinity).map((each) => asText(each)),
      quorum: asInteger(log.quorum),
    })),
    cuts: asList(value.cuts ?? [], Infinity).map((cut) => ({
      key: asBytes(cut.key, 32),
      origin: asText(cut.origin),
      size: asInteger(cut.size),
    })),
  };
}

const KEY_MEMBERS = 'accept_until alg allow id kid print_from print_until scope spki st stn use'.split(' ');
const USES = ['code', 'enrolment', 'receipt', 'log', 'witness', 'status'];
const STATES = ['active', 'verify-only', 'revoked'];

async function readKey(key) {
  // What a reader does not know, it cannot have obeyed.
  if (!isThere(key) || Object.keys(key).some((name) => !KEY_MEMBERS.includes(name))) throw new Malformed('key');
  const spki = readSpki(asText(key.spki));
  const id = await sha256(spki);
  const kid = hex(id.slice(0, 4));
  if (algorithmOf(spki) !== key.alg || key.kid !== kid) throw new Malformed('key');
  if (isThere(key.id) && !sameBytes(asBytes(key.id, 32), id)) throw new Malformed('key');
  if (!USES.includes(key.use) || !STATES.includes(key.st)) throw new Malformed('key');
  if (isThere(key.print_until)) asTime(key.print_until, true);
  return {
    kid,
    id,
    use: key.use,
    alg: key.alg,
    spki,
    scope: asList(key.scope, Infinity).map((entry) => asText(entry)),
    from: isThere(key.print_from) ? asTime(key.print_from) : -Infinity,
    until: isThere(key.accept_until) ? asTime(key.accept_until, true) : Infinity,
    revoked: key.st === 'revoked',
    allow: isThere(key.allow) ? readAllow(key) : null,
  };
}

const isThere = (value) => value !== null && value !== undefined;

// The filter of units that a revoked code key may still vouch for.
function readAllow(key) {
  if (key.st !== 'revoked' || key.use !== 'code') throw new Malformed('allow');
  shape(key.allow, 'sha256 units');
  return { sha256: asBytes(key.allow.sha256, 32), units: asInteger(key.allow.units) };
}

// Where the company prefix begins: behind the indicator or extension digit, or at the start of a GLN.
const PREFIX_FROM = { '00': 1, '01': 1, 414: 0 };

/**
 * Tell whether a key of this scope may give an identity, as coldtrace/seal/scope.py does: no entry is no limit, any key
 * may sign its doors unless its scope speaks of 414, and an entry that is not understood allows nothing.
 */
export function covers(scope, ai, value) {
  if (scope.length === 0) return true;
  if (ai === '414' && !scope.some((entry) => entry.split(':')[0] === '414')) return true;
  return scope.some((entry) => {
    if (entry === ai) return true;
    const found = /^(00|01|414):([0-9]{4,12})$/.exec(entry);
    return found !== null && found[1] === ai && value.slice(PREFIX_FROM[ai]).startsWith(found[2]);
  });
}

// OpenSSL and Java print keys in the padded standard alphabet.
function readSpki(text) {
  try {
    return unb64(text);
  } catch {
    return unStdB64(text);
  }
}

/** Tell whether what a key signed may be taken at a moment. */
export const acceptsAt = (key, now) => now >= key.from && now < key.until;

// A bare date is the beginning of that day, or its end where it ends something.
function asTime(text, end = false) {
  asText(text, { pattern: /^\d{4}-\d\d-\d\d(?:T\d\d:\d\d:\d\d(?:\.\d{3})?Z)?$/ });
  const at = Date.parse(text.length > 10 ? text : `${text}T00:00:00Z`);
  if (Number.isNaN(at)) throw new Malformed('time');
  return at + (text.length === 10 && end ? 86_400_000 : 0);
}

/** Return text and signature lines of a note, nothing verified; throw Malformed. */
export function splitNote(note) {
  const at = note.lastIndexOf('\n\n');
  if (at < 0 || !note.endsWith('\n') || utf8(note).length > 1_000_000) throw new Malformed('note');
  const text = note.slice(0, at + 1);
  const lines = note.slice(at + 2).split('\n').slice(0, -1);
  if (text.length < 2 || /[\x00-\x09\x0b-\x1f]/.test(text) || lines.length < 1 || lines.length > 100) {
    throw new Malformed('note');
  }
  return { text, signatures: lines.map(readLine) };
}

function readLine(line) {
  const found = /^\u2014 ([^+\s]+) (\S+)$/.exec(line);
  if (found === null || /[\x00-\x1f]/.test(found[1])) throw new Malformed('line');
  const data = unStdB64(found[2]);
  if (data.length < 5) throw new Malformed('line');
  return { name: found[1], keyId: data.slice(0, 4), signature: data.slice(4) };
}

/** Return origin, size and root of a checkpoint's text; throw Malformed. */
export function parseCheckpoint(text) {
  const lines = text.split('\n');
  if (lines.length < 4 || lines.pop() !== '' || lines.includes('') || !/^(?:0|[1-9]\d{0,18})$/.test(lines[1])) {
    throw new Malformed('checkpoint');
  }
  const [size, root] = [BigInt(lines[1]), unStdB64(lines[2])];
  if (size >= 2n ** 63n || root.length !== 32 || (size === 0n && b64(root) !== EMPTY_ROOT)) {
    throw new Malformed('checkpoint');
  }
  return { origin: lines[0], size, root };
}

const EMPTY_ROOT = '47DEQpj8HBSa-_TImW-5JCeuQeRkm5NMpJWZG3hSuFU';

async function readVkey(text, kind) {
  const found = /^([^+\s]+)\+[0-9a-f]{8}\+(.+)$/.exec(text);
  if (found === null) throw new Malformed('vkey');
  const data = unStdB64(found[2]);
  if (data.length !== 33 || data[0] !== kind) throw new Malformed('vkey');
  const id = await sha256(concat(utf8(`${found[1]}\n`), data));
  return { name: found[1], keyId: id.slice(0, 4), kind, spki: ed25519Spki(data.slice(1)) };
}

/** Require the log's own valid signature on a note; throw Failed. */
export async function requireLogSignature(note, log) {
  const key = await readVkey(log.vkey, LOG_KIND);
  if (log.origin !== key.name) throw new Failed('bad_checkpoint_signature');
  const { text, signatures } = splitNote(note);
  const own = signatures.filter((line) => isBy(line, key));
  if (own.length === 0) throw new Failed('bad_checkpoint_signature');
  for (const line of own) {
    if (!(await verifySignature(key.spki, line.signature, utf8(text)))) throw new Failed('bad_checkpoint_signature');
  }
}

/** Return the times, in seconds, at which known witnesses cosigned a note; throw Failed for a bad cosignature. */
export async function cosignedAt(note, log) {
  const { text, signatures } = splitNote(note);
  const times = [];
  for (const vkey of log.witnesses) {
    const key = await readVkey(vkey, WITNESS_KIND);
    const own = signatures.filter((line) => isBy(line, key));
    for (const [number, line] of own.entries()) {
      const at = line.signature.slice(0, 8).reduce((sum, byte) => (sum << 8n) | BigInt(byte), 0n);
      const signed = utf8(`cosignature/v1\ntime ${at}\n${text}`);
      const good = line.signature.length === 72 && (await verifySignature(key.spki, line.signature.slice(8), signed));
      if (!good) throw new Failed('bad_cosignature');
      if (number === 0) times.push(Number(at));
    }
  }
  return times;
}

const isBy = (line, key) => line.name === key.name && sameBytes(line.keyId, key.keyId);
