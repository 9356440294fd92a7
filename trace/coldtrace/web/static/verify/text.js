// Bytes and texts: canonical JSON, base64url, and a typed look at parsed objects.
//
// The rules are those of coldtrace/events/canonical.py and shape.py: a text is accepted only when it equals the
// canonical form of its own parse, and an object only with exactly its keys.

/** Raised inside a check that has found its reason to fail. */
export class Failed extends Error {}

/** Raised inside a check that cannot be made. */
export class NotChecked extends Error {}

/** Raised by a reader; the check that reads says what it means. */
export class Malformed extends Error {}

const encoder = new TextEncoder();

export const utf8 = (text) => encoder.encode(text);

/** Join byte arrays. */
export function concat(...parts) {
  const joined = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    joined.set(part, at);
    at += part.length;
  }
  return joined;
}

export const sameBytes = (a, b) => a.length === b.length && a.every((byte, at) => byte === b[at]);

export const hex = (bytes) => Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('');

/** Compare UTF-8 byte strings as the canonical form orders ASCII keys. */
const byKey = (a, b) => (a < b ? -1 : a > b ? 1 : 0);

/** Return the canonical text of a value that `parseJson` gave. */
export function encode(value) {
  if (Array.isArray(value)) return `[${value.map(encode).join(',')}]`;
  if (value !== null && typeof value === 'object') {
    const keys = Object.keys(value).sort(byKey);
    return `{${keys.map((key) => `${JSON.stringify(key)}:${encode(value[key])}`).join(',')}}`;
  }
  return JSON.stringify(value);
}

/** Raised for a text that is not canonical. */
export class NotCanonical extends Malformed {}

/** Return the parse of a canonical text; throw NotCanonical for any other. */
export function decode(text) {
  let value;
  try {
    value = parseJson(text);
  } catch (error) {
    if (error instanceof Malformed) throw new NotCanonical();
    throw error;
  }
  requireProfile(value, DEPTH_MAX);
  // JSON.stringify prints strings as RFC 8785 does, and the profile has no other numbers than safe integers.
  if (encode(value) !== text) throw new NotCanonical();
  return value;
}

/** Return what a JSON text says; throw Malformed for broken JSON, fractions, large numbers, half characters. */
export function parseJson(text) {
  let value;
  try {
    value = JSON.parse(text);
    refuseNumbers(value);
  } catch (error) {
    // A RangeError is an array nested deeper than any of ours.
    if (error instanceof SyntaxError || error instanceof RangeError) throw new Malformed('json');
    throw error;
  }
  if (/\d[.eE]/.test(withoutStrings(text))) throw new Malformed('number');
  return value;
}

// 1.0 and 1e0 parse to the integer 1, so the text itself has to be looked at.
const withoutStrings = (text) => text.replace(/"[^"\\]*(?:\\.[^"\\]*)*"/g, '""');

function refuseNumbers(value) {
  if (typeof value === 'number' && !Number.isSafeInteger(value)) throw new Malformed('number');
  if (typeof value === 'string') requireWhole(value);
  if (value === null || typeof value !== 'object') return;
  for (const [key, inner] of Object.entries(value)) {
    requireWhole(key);
    refuseNumbers(inner);
  }
}

// With the u flag the class matches only halves of surrogate pairs that stand alone.
function requireWhole(text) {
  if (/[\ud800-\udfff]/u.test(text)) throw new Malformed('surrogate');
}

// How deep a text may nest, as in events/canonical.py: every verifier has to draw the same line.
const DEPTH_MAX = 16;

function requireProfile(value, depth) {
  if (depth === 0) throw new NotCanonical();
  if (value === null || typeof value !== 'object') return;
  for (const [key, inner] of Object.entries(value)) {
    if (/[^\x00-\x7f]/.test(key)) throw new NotCanonical();
    requireProfile(inner, depth - 1);
  }
}

/** Return unpadded base64url. */
export function b64(bytes) {
  return btoa(String.fromCharCode(...bytes)).replaceAll('+', '-').replaceAll('/', '_').replaceAll('=', '');
}

/** Return the bytes of unpadded base64url in its one spelling; throw Malformed for any other. */
export function unb64(text) {
  if (typeof text !== 'string' || !/^[A-Za-z0-9_-]*$/.test(text) || text.length % 4 === 1) throw new Malformed('base64');
  const bytes = Uint8Array.from(atob(text.replaceAll('-', '+').replaceAll('_', '/')), (sign) => sign.charCodeAt(0));
  if (b64(bytes) !== text) throw new Malformed('base64');
  return bytes;
}

/** Return the bytes of padded standard base64 in its one spelling; throw Malformed for any other. */
export function unStdB64(text) {
  if (!/^[A-Za-z0-9+/]*={0,2}$/.test(text) || text.length % 4 !== 0) throw new Malformed('base64');
  return unb64(text.replaceAll('+', '-').replaceAll('/', '_').replaceAll('=', ''));
}

/** Require exactly these keys, given as one string with blanks. */
export function shape(value, keys) {
  const wanted = keys.split(' ').sort();
  if (value === null || typeof value !== 'object' || Array.isArray(value)) throw new Malformed('object');
  const found = Object.keys(value).sort();
  if (found.length !== wanted.length || found.some((key, at) => key !== wanted[at])) throw new Malformed('keys');
  return value;
}

export function asText(value, { limit = 2000, pattern = null } = {}) {
  if (typeof value !== 'string') throw new Malformed('text');
  if (value.length > limit && [...value].length > limit) throw new Malformed('length');
  if (pattern !== null && !pattern.test(value)) throw new Malformed('form');
  return value;
}

export function asChoice(value, allowed) {
  if (!allowed.includes(value)) throw new Malformed('choice');
  return value;
}

export function asInteger(value, { low = 0, high = Number.MAX_SAFE_INTEGER } = {}) {
  if (!Number.isSafeInteger(value) || value < low || value > high) throw new Malformed('integer');
  return value;
}

export function asList(value, limit) {
  if (!Array.isArray(value) || value.length > limit) throw new Malformed('list');
  return value;
}

export function asBytes(value, count) {
  const bytes = unb64(value);
  if (count !== undefined && bytes.length !== count) throw new Malformed('length');
  return bytes;
}

export const orNull = (value, read) => (value === null ? null : read(value));

/** Return the milliseconds of a time written as 2026-11-23T04:00:00.000Z. */
export function asMoment(value) {
  asText(value, { pattern: /^(?!0000)\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/ });
  const at = Date.parse(value);
  if (Number.isNaN(at) || new Date(at).toISOString() !== value) throw new Malformed('time');
  return at;
}
