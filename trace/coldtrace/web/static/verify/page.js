// The proof on the consumer page: fetch it, verify it here, and say each check in the page's language.
//
// The page works without this script.  It has an element `data-proof-url="..."` (with `data-proof-unit="..."` where the
// address does not name the goods) and a list `data-proof-list`; both say how it ended in `data-proof-state`.  What the
// page says of the goods is compared with what was signed: a good proof beside another text is refused.

import { lackingOf, verifyBundle } from '../verify.js';
import { unitOfPath } from './code.js';
import { comparePage } from './compare.js';
import { checkWords, ICONS, RESULTS } from './words.js';

const PATIENCE_MS = 15_000;
const KEPT_MS = 1_500; // a page may be a second old (kept_pages.py)

const place = document.querySelector('[data-proof-url]');
if (place !== null) await showProof(place);

async function showProof(element) {
  const list = document.querySelector('[data-proof-list]');
  const lang = document.documentElement.lang.toLowerCase().startsWith('en') ? 'en' : 'zh';
  let outcome;
  try {
    // The address bar is what the person scanned, so it says which goods the proof must be of.
    const asked = unitOfPath(location.pathname) ?? element.dataset.proofUnit ?? null;
    outcome = await checkAll(await fetchProof(element.dataset.proofUrl), asked, lang);
    if (outcome === null) return;
  } catch (error) {
    console.error(error);
    outcome = { checks: [{ name: 'format', result: 'not_checked', reason: 'proof_not_fetched' }] };
  }
  list?.replaceChildren(...linesOf(outcome.checks, lang));
  const state = stateOf(outcome);
  for (const each of document.querySelectorAll('[data-proof-lacking]')) each.textContent = lackingWords(outcome, lang);
  for (const each of [element, list]) if (each !== null) each.dataset.proofState = state;
}

/** Return the checks on proof and page; null if the page is loaded again because the goods moved meanwhile. */
async function checkAll(text, asked, lang) {
  // Nothing is pinned: who serves the page serves its proof and this script.  So the file's own root has to do here.
  const report = await verifyBundle(text, { asked, byOwnRoot: true });
  if (report.checks.length === 1) return report;
  const page = comparePage(document, report, lang);
  const [visit] = performance.getEntriesByType('navigation');
  // Once only; where the browser does not say how it came here, not at all.
  if (['page_lacks_records', 'page_old'].includes(page.reason) && visit !== undefined && visit.type !== 'reload') {
    await new Promise((done) => setTimeout(done, KEPT_MS));
    location.reload();
    return null;
  }
  return { checks: [...report.checks, page] };
}

// What was not checked must not be called good, whether this browser could not or the server withheld it: a liar leaves
// out what would fail.
function stateOf({ checks }) {
  if (checks.some((check) => check.result === 'failed')) return 'failed';
  if (checks.some((check) => check.reason === 'proof_not_fetched')) return 'unavailable';
  const lacking = missing(checks);
  if (lacking.length === 0) return 'ok';
  return lacking.some((check) => check.reason.startsWith('browser_lacks_')) ? 'limited' : 'incomplete';
}

/** Return what this page needs and has not: all but the pin, the facts that a page shows, and which goods were scanned. */
function missing(checks) {
  const needed = ['no_facts', 'nothing_asked'];
  const others = lackingOf(checks).filter((check) => check.reason !== 'root_not_pinned');
  return [...others, ...checks.filter((check) => check.result === 'not_checked' && needed.includes(check.reason))];
}

/** Say what was not checked and why; several checks with one reason are told once. */
function lackingWords({ checks }, lang) {
  const byReason = new Map();
  for (const check of missing(checks)) {
    const { name, reason } = checkWords({ ...check, name: check.name.replace(/\[\d+\]$/, '') }, lang);
    byReason.set(reason, new Set([...(byReason.get(reason) ?? []), name]));
  }
  const [comma, open, close, end] = lang === 'zh' ? ['、', '（', '）', '；'] : [', ', ' (', ')', '; '];
  return [...byReason].map(([reason, names]) => `${[...names].join(comma)}${open}${reason}${close}`).join(end);
}

async function fetchProof(url) {
  const stop = new AbortController();
  const timer = setTimeout(() => stop.abort(), PATIENCE_MS);
  try {
    const headers = { Accept: 'application/vnd.coldtrace.proof+json' };
    const answer = await fetch(url, { headers, signal: stop.signal });
    if (!answer.ok) throw new Error(`the proof answered ${answer.status}`);
    return await answer.text();
  } finally {
    clearTimeout(timer);
  }
}

// A box that travelled has a dozen statements with five checks each.  Those that passed stand behind one line that
// opens; whatever did not pass stands in full view.
function linesOf(checks, lang) {
  const folds = (check) => /\[\d+\]$/.test(check.name) && check.result === 'passed';
  const folded = checks.filter(folds);
  const at = checks.findIndex(folds);
  return checks.flatMap((check, index) => {
    if (!folds(check)) return [lineOf(check, lang)];
    return index === at ? [foldOf(folded, lang)] : [];
  });
}

function foldOf(checks, lang) {
  const statements = new Set(checks.map((check) => check.name.replace(/^.*\[/, ''))).size;
  const fold = document.createElement('details');
  const summary = document.createElement('summary');
  const name = lang === 'zh' ? `${statements} 条记录的 ${checks.length} 项检查` : `${checks.length} checks of ${statements} statements`;
  summary.append(part('proof-name', name), part('proof-result', RESULTS.passed[lang]));
  const lines = document.createElement('ul');
  lines.className = 'checks checks--folded';
  lines.append(...checks.map((check) => lineOf(check, lang)));
  fold.append(summary, lines);
  const line = document.createElement('li');
  line.dataset.result = 'passed';
  line.append(part('proof-icon', ICONS.passed, true), fold);
  return line;
}

function lineOf(check, lang) {
  const { name, reason } = checkWords(check, lang);
  const line = document.createElement('li');
  line.dataset.check = check.name;
  line.dataset.result = check.result;
  if (check.reason !== '') line.dataset.reason = check.reason;
  line.append(
    part('proof-icon', ICONS[check.result], true),
    part('proof-name', name),
    part('proof-result', RESULTS[check.result][lang]),
    part('proof-reason', reason),
  );
  return line;
}

function part(className, text, isDecoration = false) {
  const span = document.createElement('span');
  span.className = className;
  span.textContent = text;
  if (isDecoration) span.setAttribute('aria-hidden', 'true');
  return span;
}
