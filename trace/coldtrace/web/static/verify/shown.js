// What a page says of goods, made from what was signed: the same texts as coldtrace/web/pages/goods_facts.py and
// coldtrace/web/formats.py make, in Chinese (`zh`) or English (`en`).

import { DISTRICTS, ELSEWHERE, OTHER_ROLE, PROVINCES, ROLES, SOURCES, WORDS } from './shown_words.js';

const MONTHS = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec'];
const SHELF_LIFE = /^\s*P?([0-9]{1,4})\s*(个月|月|天|日|年|months?|days?|years?|[MDY])\s*$/i;
const UNITS = { 月: 'month', 天: 'day', 日: 'day', 年: 'year', m: 'month', d: 'day', y: 'year' };
const UNITS_ZH = { month: '个月', day: '天', year: '年' };
const DAY_MS = 86_400_000;
const LOCAL_MS = 8 * 3_600_000;

/** Return a sentence of the pages with its facts filled in. */
export function say(key, lang, facts = {}) {
  return WORDS[key][lang].replace(/\{(\w+)\}/g, (_, name) => String(facts[name]));
}

/** Return the moment at which an ISO day begins in UTC, NaN if the text names no day. */
function startOf(text) {
  if (!/^[0-9]{4}-[0-9]{2}-[0-9]{2}$/.test(text) || text.startsWith('0000')) return NaN;
  const at = Date.parse(`${text}T00:00:00Z`);
  return !Number.isNaN(at) && new Date(at).toISOString().startsWith(text) ? at : NaN;
}

/** Return an ISO day or month for people; another text as it is. */
export function day(text, lang) {
  const month = /^([0-9]{4})-(0[1-9]|1[0-2])$/.exec(text);
  if (month !== null) {
    const [year, number] = [Number(month[1]), Number(month[2])];
    return lang === 'zh' ? `${year}年${number}月` : `${MONTHS[number - 1]} ${year}`;
  }
  if (Number.isNaN(startOf(text))) return text;
  const [year, number, of] = text.split('-').map(Number);
  return lang === 'zh' ? `${year}年${number}月${of}日` : `${of} ${MONTHS[number - 1]} ${year}`;
}

/** Return a stretch of days, naming year and month once if they are the same. */
export function days(first, last, lang) {
  if (first === last) return day(first, lang);
  if (first.slice(0, 7) === last.slice(0, 7)) {
    if (lang === 'zh') return `${day(first, lang)}–${Number(last.slice(8))}日`;
    return `${Number(first.slice(8))}–${day(last, lang)}`;
  }
  return `${day(first, lang)} – ${day(last, lang)}`;
}

/** Return an ISO moment in local time, to the minute. */
export function moment(text, lang) {
  const local = new Date(Date.parse(text) + LOCAL_MS).toISOString();
  return `${day(local.slice(0, 10), lang)}${lang === 'zh' ? ' ' : ', '}${local.slice(11, 16)}`;
}

function weight(grams, lang) {
  const rest = String(grams % 1000).padStart(3, '0').replace(/0+$/, '');
  return `${Math.floor(grams / 1000)}${rest && `.${rest}`} ${lang === 'zh' ? '千克' : 'kg'}`;
}

function shelfLife(text, lang) {
  const found = SHELF_LIFE.exec(text);
  if (found === null) return text;
  const number = Number(found[1]);
  const raw = found[2].toLowerCase().replace(/^个/, '').replace(/s$/, '');
  const unit = UNITS[raw] ?? raw;
  return lang === 'zh' ? `${number} ${UNITS_ZH[unit]}` : `${number} ${unit}${number === 1 ? '' : 's'}`;
}

function masked(number) {
  const signs = [...number];
  const kept = signs.length > 11 ? 4 : 1;
  if (signs.includes('…') && signs.length <= 9) return number;
  return `${signs.slice(0, kept).join('')}…${signs.slice(-kept).join('')}`;
}

function leftWords(left, lang) {
  if (left === 0) return say('date.today', lang);
  if (left > 0) return left === 1 ? say('date.left_one', lang) : say('date.left', lang, { days: left });
  return left === -1 ? say('date.past_one', lang) : say('date.past', lang, { days: -left });
}

const SERIAL = /^[0-9A-HJKMNP-TV-Z]{12}$/;

function shortCode(serial) {
  const signs = '0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ';
  let product = 36;
  for (const sign of serial) {
    const total = (product + signs.indexOf(sign)) % 36 || 36;
    product = (total * 2) % 37;
  }
  return `${serial.slice(0, 4)}-${serial.slice(4, 8)}-${serial.slice(8)}-${signs[(37 - product) % 36]}`;
}

/** Return the code as the label has it in signs for people, null if it has none; `elements` as `parseCode` gives them. */
export function codeLabel(elements) {
  const ais = new Map(elements);
  if (ais.has('00')) return ais.get('00').match(/.../g).join(' ');
  const own = ais.get('U') ?? '';
  const serial = ais.get('21') ?? (own.length === 13 ? own.slice(0, 12) : '');
  if (!SERIAL.test(serial)) return null;
  const label = shortCode(serial);
  return /[A-HJKMNP-TV-Z0-9]$/.test(label) && (own === '' || label.endsWith(own[12])) ? label : null;
}

const text = (facts, name) => (typeof facts[name] === 'string' ? facts[name].trim() : '');

/**
 * Return what is shown of signed facts (`facts` of a report), by the name of the fact.
 *
 * `today` is the local day on which it is looked at; without it there are no days left.
 */
export function factTexts(facts, lang, today = null) {
  const told = new Map();
  const tell = (name, value) => value && told.set(name, value);
  for (const name of ['product', 'origin', 'storage', 'importer']) {
    for (const each of ['zh', 'en']) tell(`${name}_${each}`, text(facts, `${name}_${each}`));
  }
  const [first, second] = lang === 'en' ? ['en', 'zh'] : ['zh', 'en'];
  for (const name of ['importer_city', 'port']) {
    tell(name, text(facts, `${name}_${first}`) || text(facts, `${name}_${second}`));
  }
  for (const name of ['production_date', 'entry_date']) tell(name, day(text(facts, name), lang));
  for (const name of ['spec', 'plant', 'plant_reg']) tell(name, text(facts, name));
  tell('lot', text(facts, 'maker_lot') || text(facts, 'lot'));
  tell('shelf_life', shelfLife(text(facts, 'shelf_life'), lang));
  if (Number.isSafeInteger(facts.net_g) && facts.net_g > 0) tell('net_g', weight(facts.net_g, lang));
  const expiry = text(facts, 'expiry_date');
  if (expiry) tell('expiry_date', say('date.expiry', lang, { day: day(expiry, lang) }));
  const left = today === null ? NaN : (startOf(expiry) - startOf(today)) / DAY_MS;
  if (!Number.isNaN(left)) tell('days_left', leftWords(left, lang));
  tell('source', sourceWords(facts.source, lang));
  if (text(facts, 'quarantine_cert')) {
    tell('quarantine_cert', masked(text(facts, 'quarantine_cert')));
    tell('quarantine_state', sourceWords(facts.quarantine_state, lang));
  }
  return told;
}

/** Return who stated a fact, and whether it was checked; null if nobody is named. */
export const sourceWords = (source, lang) => (Object.hasOwn(SOURCES, source) ? SOURCES[source][lang] : null);

export const roleWords = (role, lang) => (Object.hasOwn(ROLES, role) ? ROLES[role] : OTHER_ROLE)[lang];

export const districtWords = (district, lang) =>
  (DISTRICTS[district] ?? PROVINCES[district.slice(0, 2)] ?? ELSEWHERE)[lang];

/** Return the local day of an ISO moment. */
export const localDay = (at) => new Date(Date.parse(at) + LOCAL_MS).toISOString().slice(0, 10);

/** Return how many days lie between two ISO days. */
export const daysBetween = (first, last) => (startOf(last) - startOf(first)) / DAY_MS;
