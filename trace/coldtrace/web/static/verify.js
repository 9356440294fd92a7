// Verify a consumer's proof bundle in the browser, with no help from the server that sent it.
//
// Names, results and reasons are those of coldtrace/verify/bundle.py; both are held to tests/vectors/events/bundles.
// Where this browser lacks an algorithm the check is not made, and says so.

import { codeDigest, judgeCode, parseCode } from './verify/code.js';
import { sha256 } from './verify/crypto.js';
import { readFilterProof } from './verify/filter.js';
import { checkStatement, readShown } from './verify/statement.js';
import { checkContinuity, checkSeen, checkTime, standing } from './verify/story.js';
import {
  asBytes, asChoice, asInteger, asList, asText, decode, Failed, Malformed, NotChecked, orNull, parseJson, sameBytes, shape,
  utf8,
} from './verify/text.js';
import {
  cosignedAt, openTrustList, parseCheckpoint, parseRoot, requireLogSignature, splitNote, walkRootChange,
} from './verify/trust.js';

const LONG = { limit: 4 * 1024 * 1024 };
const IDENTITY = ['commission', 'adopt', 'transform', 'relabel'];

const NOT_PINNED = 'root_not_pinned';
// Why a check may be left open in a proof that holds (coldtrace/verify/report.py).
const OPEN = [
  'no_earlier_list', 'nothing_asked', 'no_witness_yet', 'no_facts', 'no_seen', 'seen_not_shown', 'only_what_is_shown',
];

/**
 * Return `{result, ok, rootPinned, checks: [{name, result, reason}], facts, code, statements}` for a bundle text; never
 * throws for what it says.
 *
 * `result` is `passed`, `failed`, or `incomplete`: nothing failed, but something was not checked that a whole proof
 * passes, be it that no root was pinned, that the browser lacks an algorithm, or that the file leaves it out.  `ok`
 * leaves the pin aside and nothing else.
 *
 * What was signed is told only when all of it passed: `facts` the product facts by name (null also where there are
 * none), `code` the elements of the code, `statements` those that stand, `{type, date, role, district, by, cold}` each.
 *
 * `root` is the text of the pinned root document or null, `now` a Date, `asked` the unit id that was scanned or null,
 * `lowestSeq` the highest trust-list number seen before or null.  Without a pinned root nothing is told, for whoever
 * made the file could have made the root; `byOwnRoot` tells it all the same, for the page that compares itself.
 */
export async function verifyBundle(
  text, { root = null, now = new Date(), asked = null, lowestSeq = null, byOwnRoot = false } = {},
) {
  let bundle;
  try {
    bundle = readBundle(text);
  } catch (error) {
    if (!(error instanceof Malformed)) throw error;
    return report([{ name: 'format', result: 'failed', reason: 'malformed_bundle' }], {}, byOwnRoot);
  }
  const pinned = root === null ? null : await parseRoot(root);
  const signed = { facts: null, code: null, statements: [] };
  return report(await checkBundle(bundle, { pinned, now: now.getTime(), asked, lowestSeq }, signed), signed, byOwnRoot);
}

function report(checks, { facts = null, code = null, statements = [] }, byOwnRoot) {
  const result = resultOf(checks);
  const ok = result === 'passed' || (result === 'incomplete' && lackingOf(checks).every(isThePin));
  const rootPinned = checks.some((check) => check.name === 'root' && check.result === 'passed');
  const head = { result, ok, rootPinned, checks };
  const isTold = ok && (rootPinned || byOwnRoot);
  return isTold ? { ...head, facts, code, statements } : { ...head, facts: null, code: null, statements: [] };
}

const isThePin = (check) => check.reason === NOT_PINNED;

/** Return how all checks together end: `passed`, `incomplete` or `failed`. */
export function resultOf(checks) {
  if (checks.some((check) => check.result === 'failed')) return 'failed';
  return lackingOf(checks).length > 0 ? 'incomplete' : 'passed';
}

/** Return the checks that were not made and that a whole proof with a pinned root would have passed. */
export function lackingOf(checks) {
  return checks.filter((check) => check.result === 'not_checked' && !OPEN.includes(check.reason));
}

/** Return the check that `make` makes: it returns the reason of a pass, or throws Failed or NotChecked. */
async function runCheck(name, make) {
  try {
    return { name, result: 'passed', reason: (await make()) ?? '' };
  } catch (error) {
    if (error instanceof Failed) return { name, result: 'failed', reason: error.message };
    if (error instanceof NotChecked) return { name, result: 'not_checked', reason: error.message };
    throw error;
  }
}

function readBundle(text) {
  if (text.length > 8 * 1024 * 1024) throw new Malformed('length');
  const parsed = parseJson(text);
  const isObject = parsed !== null && typeof parsed === 'object';
  const more = ['allow', 'root_changes'].filter((name) => isObject && Object.hasOwn(parsed, name));
  const value = shape(parsed, ['v kind code net root trust_list facts statements checkpoint', ...more].join(' '));
  asInteger(value.v, { low: 1, high: 1 });
  asChoice(value.kind, ['coldtrace-proof']);
  if (value.trust_list === null || typeof value.trust_list !== 'object' || Array.isArray(value.trust_list)) {
    throw new Malformed('trust_list');
  }
  return {
    code: asText(value.code, { limit: 8000 }),
    net: asBytes(value.net, 32),
    root: asText(value.root, LONG),
    trustList: value.trust_list,
    facts: orNull(value.facts, (facts) => asText(facts, LONG)),
    statements: asList(value.statements, 500).map(readShown),
    checkpoint: asText(value.checkpoint, LONG),
    allow: value.allow ?? null,
    rootChanges: more.includes('root_changes') ? asList(value.root_changes, 100).map(asObject) : [],
  };
}

function asObject(value) {
  if (value === null || typeof value !== 'object' || Array.isArray(value)) throw new Malformed('object');
  return value;
}

/** Return all checks; `signed` is given what they find to be signed. */
async function checkBundle(bundle, { pinned, now, asked, lowestSeq }, signed) {
  let root = pinned;
  let list = null;
  let checkpoint = null;
  let log = null;
  let cosigned = [];
  let code = attempt(() => parseCode(bundle.code));
  const needList = () => list ?? notChecked('no_trusted_list');
  const needCode = () => code ?? notChecked('code_unreadable');

  const head = [
    { name: 'format', result: 'passed', reason: '' },
    await runCheck('root', async () => {
      const own = await attemptAsync(() => parseRoot(bundle.root));
      if (own === null) throw new Failed('malformed_root');
      if (!sameBytes(own.net, bundle.net)) throw new Failed('net_differs');
      if (pinned !== null && !sameBytes(own.net, pinned.net)) throw new Failed('root_differs');
      root = null; // a change that is refused leaves nobody to trust
      let inForce = pinned ?? own;
      for (const change of bundle.rootChanges) inForce = await walkRootChange(change, inForce);
      root = inForce;
      if (pinned === null) throw new NotChecked('root_not_pinned');
    }),
    await runCheck('trust_list', async () => {
      list = await openTrustList(bundle.trustList, root ?? notChecked('no_root'));
    }),
    await runCheck('trust_list_seq', () => {
      const { seq } = needList();
      if (lowestSeq === null) throw new NotChecked('no_earlier_list');
      if (seq < lowestSeq) throw new Failed('trust_list_rolled_back');
    }),
    await runCheck('trust_list_fresh', () => {
      if (now >= needList().expires) throw new NotChecked('list_expired');
    }),
    await runCheck('code_signature', async () => {
      const trusted = needList();
      const proof = bundle.allow === null ? null : await attemptAsync(() => readFilterProof(bundle.allow));
      if (bundle.allow !== null && proof === null) throw new Failed('malformed_filter');
      const judged = await judgeCode(bundle.code, trusted, now, proof);
      code = judged.code;
      if (judged.verdict === 'not_checked') throw new NotChecked(judged.lacking);
      if (judged.verdict !== 'valid') throw new Failed(judged.verdict);
    }),
    await runCheck('code_host', () => {
      if (!needList().hosts.includes(needCode().host)) throw new Failed('untrusted_host');
    }),
    await runCheck('code_asked', () => {
      if (asked === null) throw new NotChecked('nothing_asked');
      if (needCode().unit !== asked) throw new Failed('other_code');
    }),
  ];
  const logChecks = [
    await runCheck('checkpoint', async () => {
      checkpoint = attempt(() => parseCheckpoint(splitNote(bundle.checkpoint).text));
      if (checkpoint === null) throw new Failed('malformed_checkpoint');
      log = needList().logs.find((each) => each.origin === checkpoint.origin) ?? null;
      if (log === null) throw new Failed('unknown_log');
      await requireLogSignature(bundle.checkpoint, log);
    }),
    await runCheck('witnesses', async () => {
      needList();
      if (log === null) throw new NotChecked(checkpoint === null ? 'no_checkpoint' : 'unknown_log');
      if (log.quorum === 0) throw new NotChecked('no_witness_yet');
      const times = await cosignedAt(bundle.checkpoint, log);
      await requireLogSignature(bundle.checkpoint, log).catch((error) => {
        throw error instanceof Failed ? new Failed('bad_cosignature') : error;
      });
      if (times.length < log.quorum) throw new Failed('quorum_not_met');
      cosigned = times;
    }),
  ];
  const ground = { net: bundle.net, list, checkpoint, now };
  const statements = [];
  for (const [number, shown] of bundle.statements.entries()) {
    statements.push(await checkStatement(shown, number, ground, runCheck));
  }
  signed.code = code?.elements ?? null;
  signed.statements = standing(statements).filter((each) => each.stands).map((each) => toldOf(each.public));
  return [
    ...head,
    await runCheck('code_commission', () => requireCommission(statements, needCode())),
    await runCheck('facts', async () => {
      signed.facts = await requireFacts(bundle.facts, statements, needCode());
    }),
    ...statements.flatMap((statement) => statement.checks),
    ...logChecks,
    await runCheck('continuity', () => checkContinuity(statements, code?.unit ?? null)),
    await runCheck('time', () => checkTime(statements, cosigned)),
    await runCheck('seen', () => checkSeen(statements)),
    { name: 'complete', result: 'not_checked', reason: 'only_what_is_shown' },
  ];
}

/** Return the first standing statement that gives the goods of the code their identity, with its line. */
function identityOf(statements, code) {
  for (const statement of standing(statements)) {
    if (!IDENTITY.includes(statement.public.type)) continue;
    const line = statement.shown.lines.find((each) => each.unit === code.unit && ['unit', 'output'].includes(each.role));
    if (line === undefined) continue;
    if (!statement.stands) throw new NotChecked('statements_failed');
    return { facts: statement.public.facts, line };
  }
  throw new Failed('no_commission');
}

async function requireCommission(statements, code) {
  const { line } = identityOf(statements, code);
  if (line.open === null || !Object.hasOwn(line.open.attributes, 'code')) throw new NotChecked('commission_closed');
  if ((await codeDigest(code)) !== line.open.attributes.code) throw new Failed('code_differs');
}

async function requireFacts(text, statements, code) {
  const identity = identityOf(statements, code);
  if (text === null) throw new NotChecked(identity.facts === null ? 'no_facts' : 'facts_not_shown');
  const facts = attempt(() => readFacts(text));
  if (facts === null) throw new Failed('malformed_facts');
  if (identity.facts === null || !sameBytes(await sha256(utf8(text)), identity.facts)) throw new Failed('facts_differ');
  const gtin = code.ais.get('01');
  if (gtin !== undefined && Object.hasOwn(facts, 'gtin') && facts.gtin !== gtin) throw new Failed('facts_of_other_goods');
  return facts;
}

function toldOf({ type, date, place, by, cold }) {
  const [role, district] = place.split('/');
  return { type, date: new Date(date).toISOString().slice(0, 10), role, district, by, cold };
}

function readFacts(text) {
  asText(text, { limit: 16 * 1024 });
  const facts = decode(text);
  if (facts === null || typeof facts !== 'object' || Array.isArray(facts)) throw new Malformed('facts');
  asBytes(facts.salt, 16);
  for (const [name, value] of Object.entries(facts)) {
    asText(name, { pattern: /^[a-z][a-z0-9_]{0,39}$/ });
    if (typeof value !== 'number') asText(value);
  }
  return facts;
}

function notChecked(reason) {
  throw new NotChecked(reason);
}

function attempt(read) {
  try {
    return read();
  } catch (error) {
    if (error instanceof Malformed) return null;
    throw error;
  }
}

async function attemptAsync(read) {
  try {
    return await read();
  } catch (error) {
    if (error instanceof Malformed) return null;
    throw error;
  }
}
