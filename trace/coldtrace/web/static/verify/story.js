// What the statements say together: continuity and time (coldtrace/verify/continuity.py, bundle_time.py).

import { dayBounds } from './statement.js';
import { Failed, NotChecked } from './text.js';

const DAY = 86_400_000;
// Days are local and no zone is said: at one moment clocks from +14:00 to -12:00 show days this far apart.
const ZONES_APART = 2 * DAY;

/** Return the statements that no later one, entitled to it, has declared as not having happened. */
export function standing(statements) {
  const readable = statements.filter((each) => each.header !== null && each.public !== null);
  const places = placesOf(readable);
  const gone = new Set(
    readable
      .filter((each) => each.public.corrects?.mode === 'did_not_occur' && mayCorrect(each, places))
      .map((each) => each.public.corrects.header),
  );
  return readable.filter((each) => !gone.has(each.hash) && each.public.type !== 'correct');
}

const placesOf = (statements) => new Map(statements.map((each) => [each.hash, each.public.place]));

function mayCorrect(statement, places) {
  const { corrects, place } = statement.public;
  if (corrects === null || !places.has(corrects.header)) return true;
  return place === places.get(corrects.header) || place.startsWith('regulator/');
}

/** Return the reason of a pass for the statements about `unit`; throw Failed or NotChecked. */
export function checkContinuity(statements, unit) {
  if (statements.some((each) => !each.stands || each.header === null || each.public === null)) {
    throw new NotChecked('statements_failed');
  }
  if (unit === null) throw new NotChecked('code_unreadable');
  if (statements.some((each) => each.hash === null)) throw new NotChecked('browser_lacks_webcrypto');
  const prevs = new Set(statements.map((each) => `${each.header.key} ${each.header.prev}`));
  if (new Set(statements.map((each) => each.hash)).size !== statements.length) throw new Failed('repeated_statement');
  if (prevs.size !== statements.length) throw new Failed('forked_chain');
  const places = placesOf(statements);
  if (!statements.every((each) => mayCorrect(each, places))) throw new Failed('correction_from_elsewhere');
  const left = standing(statements);
  if (left.length === 0) throw new Failed('no_statements');
  let latest = left[0].public.date;
  for (const each of left) {
    if (latest - each.public.date > ZONES_APART) throw new Failed('dates_out_of_order');
    latest = Math.max(latest, each.public.date);
  }
  return follow(left, unit).length > 1 ? 'open_as_far_as_shown' : '';
}

// The unit and the parents in which it is, innermost first.
function follow(statements, unit) {
  const chain = [unit];
  for (const { shown, public: piece } of statements) {
    const children = shown.lines.filter((line) => line.role === 'child');
    if (piece.type === 'pack') children.forEach((line) => enter(chain, line));
    if (shown.lines.some((line) => !chain.includes(line.unit))) throw new Failed('parent_not_open');
    if (piece.type === 'unpack') children.forEach((line) => leave(chain, line));
    if (piece.type === 'unpack' && children.length === 0) shown.lines.forEach((line) => empty(chain, line));
  }
  return chain;
}

function enter(chain, { unit, parent }) {
  if (!chain.includes(unit) || parent === null) throw new Failed('line_about_other_goods');
  if (unit !== chain.at(-1) || chain.includes(parent)) throw new Failed('packed_twice');
  chain.push(parent);
}

function leave(chain, { unit, parent }) {
  const at = chain.indexOf(unit);
  if (at < 0 || chain[at + 1] !== parent) throw new Failed('unpack_without_pack');
  chain.length = at + 1;
}

// An unpack that names no child empties the parent it names.
function empty(chain, { unit }) {
  if (chain.indexOf(unit) > 0) chain.length = chain.indexOf(unit);
}

/** Return which upper bound all claimed days keep; throw Failed or NotChecked. */
export function checkTime(statements, cosignedAtSeconds) {
  const times = cosignedAtSeconds.filter((seconds) => seconds < 253_402_300_800).map((seconds) => seconds * 1000);
  const witnessed = times.length > 0 ? Math.min(...times) : null;
  const readable = statements.filter((each) => each.public !== null);
  for (const { shown, public: piece } of readable) {
    const [first] = dayBounds(piece.date);
    if (first > shown.receivedAt + DAY) throw new Failed('claimed_after_receipt');
    if (witnessed !== null && shown.receivedAt > witnessed) throw new Failed('received_after_cosignature');
    if (witnessed !== null && first > witnessed) throw new Failed('claimed_after_cosignature');
  }
  if (readable.length === 0) throw new NotChecked('no_statements');
  return witnessed === null ? 'not_after_receipt' : 'not_after_cosignature';
}

/** Say why the lower bound is open: a header names an older checkpoint than the one of the bundle. */
export function checkSeen(statements) {
  throw new NotChecked(statements.some((each) => each.header?.seen) ? 'seen_not_shown' : 'no_seen');
}
