// The page beside the proof: is what the visitor reads what was signed?
//
// Compared are the code, the product facts with their sources (rows 3 to 11 and 15), the journey (row 13) with the
// temperature of each stop, and the word on the temperature all the way (row 14), by the text that is in sight.  Text
// among the facts that is neither signed nor a word of ours differs, too.  Of the status only so much is compared as
// signed facts decide: what is past its date may not stand under a banner that lets it pass.  What else the banner says,
// the number of look-ups, repacking (row 12), the seller's name and recalls are the platform's own word of now, and
// signed by nobody.

import {
  codeLabel, days, daysBetween, districtWords, factTexts, localDay, moment, roleWords, say, sourceWords,
} from './shown.js';
import { ACTS, COLD, LABELS, OTHER_ACT, PAST_DATE, SILENT } from './shown_words.js';

const FACT_ROWS = ['3', '4', '5', '6', '7', '8', '9', '10', '11'];

// The page names the moment at which it was made, and counts the days left from there: an old one would let goods pass
// whose date is over.
const AGE_MAX_MS = 86_400_000;

/** Compare a page with the report on its proof, mark what differs with `data-differs`, and return the check. */
export function comparePage(page, report, lang, now = Date.now()) {
  if (report.facts === null) return { name: 'page', result: 'not_checked', reason: 'page_not_compared' };
  const asOf = page.querySelector('.banner__when time');
  // A page without a moment that can be read is not from today either.
  if (!(Math.abs(now - Date.parse(asOf?.dateTime ?? '')) <= AGE_MAX_MS)) {
    if (asOf !== null) asOf.dataset.differs = '';
    return { name: 'page', result: 'failed', reason: 'page_old' };
  }
  const differing = [
    ...differingFacts(page, report, lang), ...differingStops(page, report, lang), ...differingCold(page, report, lang),
  ];
  for (const each of differing) each.dataset.differs = '';
  if (differing.length > 0) return { name: 'page', result: 'failed', reason: 'page_differs' };
  if (!showsAll(page, report)) return { name: 'page', result: 'failed', reason: 'page_lacks_records' };
  return { name: 'page', result: 'passed', reason: '' };
}

const shownText = (element) => element.textContent.replace(/\s+/g, ' ').trim();
const plain = (text) => text.replace(/\s+/g, ' ').trim();

function inSight(element) {
  const asked = { opacityProperty: true, visibilityProperty: true };
  return element.checkVisibility?.(asked) ?? element.getClientRects().length > 0;
}

function differingFacts(page, { facts, code }, lang) {
  const asOf = page.querySelector('.banner__when time');
  const at = asOf?.dateTime ?? '';
  if (Number.isNaN(Date.parse(at)) || shownText(asOf) !== say('decided_at', lang, { at: moment(at, lang) })) {
    return [asOf ?? page.body];
  }
  const told = factTexts(facts, lang, localDay(at));
  const isPast = daysBetween(localDay(at), facts.expiry_date) < 0;
  const label = codeLabel(code);
  if (label !== null) told.set('code', label);
  const missing = new Set(told.keys());
  const found = [];
  for (const each of page.querySelectorAll('[data-fact]')) {
    const name = each.dataset.fact;
    if (told.has(name) && shownText(each) === plain(told.get(name)) && inSight(each)) missing.delete(name);
    else found.push(each);
  }
  const card = page.querySelector('[data-row="3"]')?.closest('section') ?? null;
  if (card === null) return [page.body];
  found.push(...(isPast ? bannersThatPass(page, lang) : []), ...strayRepacks(page));
  if (missing.size > 0 || FACT_ROWS.some((row) => page.querySelectorAll(`[data-row="${row}"]`).length !== 1)) found.push(card);
  const ours = ourWords(facts, lang);
  const sources = page.querySelector('[data-row="15"]');
  if (sources === null || FACT_ROWS.some((row) => card.querySelector(`[data-row="${row}"]`) === null)) found.push(card);
  // Repacking (row 12) is told by the platform from later statements.
  for (const root of [card, sources]) {
    if (root !== null) found.push(...strangers(root, ours, (element) => element.closest('[data-row="12"] > dd, [data-fact]')));
  }
  return found;
}

/** Return the banners of a page that say of goods past their date what may only be said of others. */
function bannersThatPass(page, lang) {
  const banners = [...page.querySelectorAll('[data-row="1"], .banner')];
  const stops = (each) => {
    const head = each.querySelector('h1');
    const word = head !== null && inSight(head) ? shownText(head) : '';
    const tones = [...each.classList].filter((name) => name.startsWith('banner--'));
    return tones.join() === 'banner--stop' && PAST_DATE.some((words) => words[lang] === word);
  };
  return banners.length === 0 ? [page.body] : banners.filter((each) => !stops(each));
}

/** Return the rows 12 that are not the one behind row 11: nobody compares their text, so they stand nowhere else. */
function strayRepacks(page) {
  const rows = [...page.querySelectorAll('[data-row="12"]')];
  return rows.filter((row, at) => at > 0 || row.previousElementSibling?.dataset.row !== '11');
}

/** Return the elements below `root` with text that is none of `ours`; `leave` tells what is compared elsewhere. */
function strangers(root, ours, leave) {
  const found = [];
  const texts = document.createTreeWalker(root, NodeFilter.SHOW_TEXT);
  for (let node = texts.nextNode(); node !== null; node = texts.nextNode()) {
    const said = plain(node.data);
    if (said !== '' && !ours.has(said) && !leave(node.parentElement)) found.push(node.parentElement);
  }
  return found;
}

function ourWords(facts, lang) {
  const sources = [facts.source, facts.quarantine_state].map((source) => sourceWords(source, lang) ?? say('source.none', lang));
  const about = sources.flatMap((source) => [
    source, say('source.section', lang, { source }), say('source.aside', lang, { source }),
  ]);
  return new Set([...LABELS.map((key) => say(key, lang)), ...about].map(plain));
}

const stopsOf = (page) =>
  [...page.querySelectorAll('[data-row="13"] [data-stop]')].map((element) => {
    const { stop: role, district, first, last } = element.dataset;
    const acts = [...element.querySelectorAll('.stop__did span')].map(shownText);
    return { element, role, district, first, last, acts, waiting: element.hasAttribute('data-waiting') };
  });

const actWords = (type, lang) => (ACTS[type] ?? OTHER_ACT)[lang];

/** Tell whether a statement is one of a stay, whose days are local ones of the service: a device's may be one apart. */
function isOf(statement, { role, district, first, last }) {
  const here = statement.role === role && statement.district === district;
  return here && daysBetween(first, statement.date) >= -1 && daysBetween(statement.date, last) >= -1;
}

function differingStops(page, { statements }, lang) {
  const moved = statements.filter((each) => !SILENT.includes(each.type));
  const notes = ['row.journey', 'journey.lead', 'journey.none', 'journey.gap', 'journey.in_transit', 'journey.in_transit_note'];
  const ours = new Set([
    ...[...notes, 'journey.by_platform', 'journey.waiting'].map((key) => say(key, lang)),
    // Which of them a stop may say is compared stop by stop.
    ...Object.keys(COLD).map((state) => stopCold(state, lang)),
  ].map(plain));
  const card = page.querySelector('[data-row="13"]');
  if (card === null) return [page.body];
  const stops = stopsOf(page);
  const found = stops.filter((stop) => !isStop(stop, moved, lang)).map((stop) => stop.element);
  return [...found, ...strangers(card, ours, (element) => element.closest('[data-stop] :is(.stop__role, .stop__date, .stop__where, .stop__did)'))];
}

function isStop(stop, moved, lang) {
  const { element, role, district, first, last, acts, waiting } = stop;
  const said = (name) => [...element.querySelectorAll(`.${name}`)].map(shownText).join('|');
  const notes = [...element.querySelectorAll('.stop__note')].filter(inSight).map(shownText);
  if (said('stop__role') !== roleWords(role, lang) || said('stop__where') !== districtWords(district, lang)) return false;
  if (said('stop__date') !== days(first, last, lang) || !inSight(element)) return false;
  if (plain(said('stop__did')) !== acts.join('')) return false;
  if (waiting) return notes.includes(say('journey.waiting', lang));
  const own = moved.filter((each) => isOf(each, stop));
  const near = (date) => own.some((each) => Math.abs(daysBetween(each.date, date)) <= 1);
  const byPlatform = own.length > 0 && own.every((each) => each.by === 'gateway');
  if (byPlatform && !notes.includes(say('journey.by_platform', lang))) return false;
  return near(first) && near(last) && acts.every((act) => own.some((each) => actWords(each.type, lang) === act));
}

const stopCold = (state, lang) => say('journey.temperature', lang, { state: COLD[state][lang] });

/** Return the state whose words an element has in sight, undefined for any other text. */
const stateIn = (elements, words) =>
  elements.length === 1 && inSight(elements[0])
    ? Object.keys(COLD).find((state) => shownText(elements[0]) === plain(words(state)))
    : undefined;

/** The stops of the page with the state of which each has the words in sight, undefined for any other text. */
const withCold = (page, lang) =>
  stopsOf(page).map((stop) => ({
    ...stop, cold: stateIn([...stop.element.querySelectorAll('.stop__cold')], (state) => stopCold(state, lang)),
  }));

const coldAllTheWay = (page, lang) =>
  stateIn([...page.querySelectorAll('[data-row="14"] .band__word')], (state) => COLD[state][lang]);

/** Return what says more of the temperature than the records do: a stop, or row 14 where not every stop says it. */
function differingCold(page, { statements }, lang) {
  const stops = withCold(page, lang);
  const silent = (each) => SILENT.includes(each.type);
  // Of a look at the box no day is shown: it may be long after the last thing that moved it.
  const speaksOf = (each, stop) => isOf(each, stop) || (silent(each) && isOf(each, { ...stop, last: each.date }));
  const said = (stop) => stop.waiting || statements.some((each) => each.cold === stop.cold && speaksOf(each, stop));
  const found = stops
    .filter((stop) => stop.cold === undefined || (stop.cold !== 'unknown' && !said(stop)))
    .map((stop) => stop.element);
  const whole = coldAllTheWay(page, lang);
  if (whole === undefined || (whole === 'ok' && (stops.length === 0 || stops.some((stop) => stop.cold !== 'ok')))) {
    found.push(page.querySelector('[data-row="14"]') ?? page.body);
  }
  return found;
}

/**
 * Tell whether the page says of the temperature all that the records say.
 *
 * Two stays of one kind of place in one district may be the same as far as a stranger sees; then either may say it.
 */
function saysColdOf(page, statements, lang) {
  const stops = withCold(page, lang);
  const says = (stop, cold) => stop.cold === cold || stop.cold === 'breach';
  const moved = statements.filter((each) => !SILENT.includes(each.type) && each.cold !== 'unknown');
  if (!moved.every((each) => stops.some((stop) => isOf(each, stop) && says(stop, each.cold)))) return false;
  return coldAllTheWay(page, lang) === 'breach' || statements.every((each) => each.cold !== 'breach');
}

/** Tell whether every movement of the proof, and what is said there of the temperature, is on the page. */
function showsAll(page, { statements }) {
  const lang = page.documentElement.lang.toLowerCase().startsWith('en') ? 'en' : 'zh';
  const stops = stopsOf(page);
  const moved = statements.filter((each) => !SILENT.includes(each.type));
  return saysColdOf(page, statements, lang)
    && moved.every((each) => stops.some((stop) => isOf(each, stop) && stop.acts.includes(actWords(each.type, lang))));
}
