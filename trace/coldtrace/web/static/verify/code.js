// The trace code: its parts and the verdict on its signature (coldtrace/codes, coldtrace/verify/code.py).

import { acceptsAt, covers } from './trust.js';
import { isPinned, showsUnit } from './filter.js';
import { lowS, sha256, verifySignature } from './crypto.js';
import { b64, concat, Failed, Malformed, NotChecked, utf8 } from './text.js';

const QUALIFIERS = { '01': ['22', '10', '21'], '00': [], 414: ['254'], U: [] };
const QUERY_AIS = ['02', '17', '37', '4331', '4333'];
const ALGORITHMS = { 1: 'Ed25519', 2: 'SM2', 3: 'ES256' };
const CSET82 = /^[!"%&'()*+,\-./0-9:;<=>?A-Z_a-z]{1,20}$/;
const FORMS = {
  '00': /^\d{18}$/, '01': /^\d{14}$/, '02': /^\d{14}$/, 414: /^\d{13}$/, 17: /^\d{6}$/, 37: /^\d{1,8}$/,
  10: CSET82, 21: CSET82, 22: CSET82, 254: CSET82, 4331: /^\d{6}-?$/, 4333: /^\d{6}-?$/, U: /^[0-9A-Z]{13,26}$/,
};

/** Return host, elements, token and unit of a code; throw Malformed.  `upper` takes its values in capitals. */
export function parseCode(text, upper = false) {
  if (text.length > 8000 || /[^A-Za-z0-9\-._~:/?#[\]@!$&'()*+,;=%]/.test(text)) throw new Malformed('uri');
  const found = /^(?:https|HTTPS):\/\/([A-Za-z0-9\-.:[\]]+)\/([^?#]*)(?:\?([^#]*))?/.exec(text);
  if (found === null) throw new Malformed('uri');
  const path = keyPairs(found[2].split('/')).map(([ai, value]) => [ai, decoded(value, false)]);
  // An expiry in the path would sign the same bytes as one in the query, where it belongs.
  if (path.slice(1).some(([ai]) => !QUALIFIERS[path[0][0]].includes(ai))) throw new Malformed('path');
  const attributes = new Map();
  let token = null;
  for (const part of (found[3] ?? '').split('&').filter((each) => each !== '')) {
    const at = part.includes('=') ? part.indexOf('=') : part.length;
    const [key, value] = [part.slice(0, at), part.slice(at + 1)];
    if (key === 's' || key === 'S') {
      if (token !== null) throw new Malformed('two tokens');
      token = value.toUpperCase();
    } else if (/^\d+$/.test(key)) {
      if (!QUERY_AIS.includes(key) || attributes.has(key)) throw new Malformed('ai');
      attributes.set(key, decoded(value, true));
    } else if (key.includes('%')) {
      const plain = unescapeBytes(key.replaceAll('+', ' ')).trim();
      if (brokenEscape(key) || /^\d+$/.test(plain) || ['s', 'S'].includes(plain)) throw new Malformed('key');
    }
  }
  const attributesInOrder = [...attributes].sort((a, b) => Number(a[0]) - Number(b[0]));
  let elements = [...path, ...attributesInOrder];
  requireElements(elements);
  if (upper) elements = elements.map(([ai, value]) => [ai, value.toUpperCase()]);
  const ais = new Map(elements);
  return { host: found[1].toLowerCase(), elements, ais, token, unit: unitOf(ais) };
}

/** Return the unit id of a path such as that of the page in the address bar, null if it names no unit. */
export function unitOfPath(path) {
  try {
    return parseCode(`https://x${path}`).unit;
  } catch (error) {
    if (error instanceof Malformed) return null;
    throw error;
  }
}

// Pairs are counted from the end, so that a value which looks like a key is not taken for one.
function keyPairs(segments) {
  const pairs = [];
  for (let at = segments.length % 2; at < segments.length; at += 2) pairs.push([segments[at], segments[at + 1]]);
  for (let at = pairs.length - 1; at >= 0; at -= 1) {
    if (Object.hasOwn(QUALIFIERS, pairs[at][0])) return pairs.slice(at);
  }
  throw new Malformed('no key');
}

function requireElements(elements) {
  const primary = elements[0][0];
  const order = [primary, ...QUALIFIERS[primary], ...QUERY_AIS];
  let last = -1;
  for (const [ai, value] of elements) {
    const place = order.indexOf(ai);
    if (place <= last || !FORMS[ai].test(value)) throw new Malformed('element');
    if (['00', '01', '02', '414'].includes(ai) && !hasCheckDigit(value)) throw new Malformed('check digit');
    if (ai === '17' && !isDate(value)) throw new Malformed('date');
    last = place;
  }
  if (primary === '01' && !elements.some(([ai]) => ai === '21')) throw new Malformed('serial');
}

function hasCheckDigit(digits) {
  const sum = [...digits].reverse().reduce((total, digit, at) => total + Number(digit) * (at % 2 ? 3 : 1), 0);
  return sum % 10 === 0;
}

// YYMMDD, in which day 00 is the end of the month.
function isDate(text) {
  const [year, month, day] = [text.slice(0, 2), text.slice(2, 4), text.slice(4)].map(Number);
  return month >= 1 && month <= 12 && day <= new Date(Date.UTC(2000 + year, month, 0)).getUTCDate();
}

function unitOf(ais) {
  if (ais.has('00')) return `(00)${ais.get('00')}`;
  if (ais.has('U')) return `U:${ais.get('U')}`;
  return ais.has('01') ? `(01)${ais.get('01')}(21)${quoted(ais.get('21'))}` : null;
}

const quoted = (value) =>
  value.replace(/[^A-Za-z0-9\-._~]/g, (sign) => `%${sign.charCodeAt(0).toString(16).toUpperCase().padStart(2, '0')}`);

const unescapeBytes = (text) =>
  text.replace(/%([0-9A-Fa-f]{2})/g, (_, pair) => String.fromCharCode(Number.parseInt(pair, 16)));
const brokenEscape = (text) => text.replace(/%[0-9A-Fa-f]{2}/g, '').includes('%');

function decoded(value, inQuery) {
  if (!value || brokenEscape(value)) throw new Malformed('value');
  return unescapeBytes(inQuery ? value.replaceAll('+', ' ') : value);
}

/** Return algorithm, kid, header and signature of a token; throw Failed. */
export function readToken(text) {
  if (!/^[A-Z2-7]{111}$/.test(text)) throw new Failed('malformed_token');
  const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZ234567';
  let number = 0n;
  for (const sign of text) number = (number << 5n) | BigInt(alphabet.indexOf(sign));
  if (number & 7n) throw new Failed('malformed_token');
  const digits = (number >> 3n).toString(16).padStart(138, '0');
  const raw = Uint8Array.from(digits.match(/../g), (pair) => Number.parseInt(pair, 16));
  if (raw[0] >> 4 !== 1) throw new Failed('unsupported_version');
  return { algorithm: ALGORITHMS[raw[0] & 15], kid: digits.slice(2, 10), header: raw.slice(0, 5), signature: raw.slice(5) };
}

/** Return the bytes that the signature of a code covers. */
export function signingInput(header, elements) {
  return concat(utf8('CCTRACE1\0'), header, ...elements.map(([ai, value]) => utf8(`${ai}${value}\x1d`)));
}

/** Return what a commission line's attributes carry for a code; throw NotChecked for an unsigned one. */
export async function codeDigest(code) {
  try {
    return b64(await sha256(signingInput(readToken(code.token ?? '').header, code.elements)));
  } catch (error) {
    if (error instanceof Failed) throw new NotChecked('code_unreadable');
    throw error;
  }
}

// The words of the verdict in the order in which they are decided; among several keys the best one counts.
const RANK = ['unknown_key', 'alg_mismatch', 'revoked', 'not_checked', 'bad_signature', 'valid'];

/**
 * Return the code of a scanned text (null if it is none) and the verdict on its signature: `valid`, a reason to fail, or
 * `not_checked` with the reason in `lacking`.
 *
 * `proof` shows that a stolen key's code was registered before the theft; without it such a code is `revoked`.
 * A text that lost its capitals on the way is tried again with capitals; the signature makes that safe.
 */
export async function judgeCode(text, list, now, proof = null) {
  const plain = text.replace(/^[ \t\r\n]+|[ \t\r\n]+$/g, '').replace(/^\][A-Za-z][0-9A-Za-z]/, '');
  const first = await judgeText(plain, { list, now, proof }, false);
  if (!['malformed_uri', 'revoked', 'bad_signature'].includes(first.verdict) || !hasLostCapitals(plain)) return first;
  const again = await judgeText(plain.toUpperCase(), { list, now, proof }, true);
  return again.verdict === 'malformed_uri' ? first : again;
}

// The one small letter that we print behind the scheme is the name `s`, which comes out of Caps Lock as `S`.
function hasLostCapitals(text) {
  const at = text.indexOf('://');
  const rest = at < 0 ? '' : text.slice(at + 3).replace(/([?&])S=/, '$1s=');
  return /^[\x00-\x7f]*$/.test(text) && rest === rest.toLowerCase();
}

async function judgeText(text, ground, upper) {
  let code;
  try {
    code = parseCode(text, upper);
  } catch (error) {
    if (error instanceof Malformed) return { code: null, verdict: 'malformed_uri', lacking: '' };
    throw error;
  }
  if (code.token === null) return { code, verdict: 'unsigned', lacking: '' };
  try {
    return { code, ...(await judgeToken(code, readToken(code.token), ground)) };
  } catch (error) {
    if (error instanceof Failed) return { code, verdict: error.message, lacking: '' };
    throw error;
  }
}

async function judgeToken(code, token, ground) {
  let best = { verdict: 'unknown_key', lacking: '' };
  for (const key of ground.list.keys.filter((each) => each.use === 'code' && each.kid === token.kid)) {
    const found = await judgeKey(code, token, key, ground);
    if (RANK.indexOf(found.verdict) > RANK.indexOf(best.verdict)) best = found;
  }
  return best;
}

async function judgeKey(code, token, key, { list, now, proof }) {
  if (!covers(key.scope, ...code.elements[0])) return { verdict: 'unknown_key', lacking: '' };
  if (token.algorithm !== key.alg) return { verdict: 'alg_mismatch', lacking: '' };
  const isOut = key.revoked && !(await isAllowed(code, key, list, proof));
  if (isOut || !acceptsAt(key, now)) return { verdict: 'revoked', lacking: '' };
  const signature = key.alg === 'ES256' ? lowS(token.signature) : token.signature;
  try {
    const good = await verifySignature(key.spki, signature, signingInput(token.header, code.elements));
    return { verdict: good ? 'valid' : 'bad_signature', lacking: '' };
  } catch (error) {
    if (error instanceof NotChecked) return { verdict: 'not_checked', lacking: error.message };
    throw error;
  }
}

// A place code names no unit, so no filter vouches for it.
async function isAllowed(code, key, list, proof) {
  return proof !== null && code.unit !== null && isPinned(proof, key, list.net) && showsUnit(proof, code.unit);
}
