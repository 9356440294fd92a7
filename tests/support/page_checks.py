"""What a browser is asked about a page that it has drawn: a script returns what is wrong, an empty list for nothing."""

# Colour behind a text: every background from the root down to its element, laid over one another.
CONTRAST = """() => {
  const parse = c => { const m = c.match(/[\\d.]+/g).map(Number); return [m[0], m[1], m[2], m.length > 3 ? m[3] : 1]; };
  const over = (top, below) => [0, 1, 2].map(i => top[i] * top[3] + below[i] * (1 - top[3])).concat(1);
  const light = c => { const f = c.slice(0, 3).map(v => v / 255)
    .map(v => v <= 0.03928 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4);
    return 0.2126 * f[0] + 0.7152 * f[1] + 0.0722 * f[2]; };
  const back = e => { const chain = []; for (let n = e; n; n = n.parentElement) chain.unshift(n);
    return chain.reduce((c, n) => over(parse(getComputedStyle(n).backgroundColor), c), [255, 255, 255, 1]); };
  const ratio = (a, b) => { const [x, y] = [light(a), light(b)].sort((p, q) => q - p); return (x + .05) / (y + .05); };
  const bad = [];
  const judge = (what, style, ground) => {
    const r = ratio(over(parse(style.color), ground), ground);
    if (r < 4.5) bad.push(what + " " + r.toFixed(2));
  };
  for (const e of document.querySelectorAll("body, body *")) {
    if (e.closest("svg, noscript, script") || !e.getClientRects().length) continue;
    const own = [...e.childNodes].filter(n => n.nodeType === 3 && n.data.trim()).map(n => n.data.trim()).join(" ");
    if (own) judge(e.className + ": " + own.slice(0, 40), getComputedStyle(e), back(e));
    for (const pseudo of ["::before", "::after"]) {
      const style = getComputedStyle(e, pseudo);
      const text = style.content.replace(/^"|"$/g, "");
      if (["none", "normal", ""].includes(text) || style.display === "none") continue;
      judge(e.className + pseudo, style, over(parse(style.backgroundColor), back(e)));
    }
    if (e.matches("input")) judge("placeholder", getComputedStyle(e, "::placeholder"), back(e));
  }
  return bad;
}"""

# What sticks out to the right, without what scrolls in a box of its own.
OVERFLOW = """() => {
  const wide = document.documentElement.clientWidth;
  const out = [...document.querySelectorAll("body *")].filter(e => !e.closest(".scroll, .command, .skip, .unseen")
    && e.getBoundingClientRect().right > wide + 0.5).map(e => e.tagName + "." + e.getAttribute("class"));
  return document.documentElement.scrollWidth > wide ? ["page: " + document.documentElement.scrollWidth, ...out] : [];
}"""

SMALL_TARGETS = """() => [...document.querySelectorAll("a, button, summary, input:not([type=hidden])")]
  .filter(e => !e.closest(".skip") && e.getClientRects().length)
  .filter(e => { const r = e.getBoundingClientRect(); return r.height < 24 || r.width < 24; })
  .map(e => e.outerHTML.slice(0, 80))"""

# What a reader who listens would miss: names, languages, labels, order of headings, ids that are there twice.
NAMES = """() => {
  const bad = [];
  const shown = e => e.getClientRects().length > 0;
  const name = e => (e.getAttribute("aria-label") || e.innerText || e.getAttribute("title") || "").trim();
  if (!/^(zh-CN|en)$/.test(document.documentElement.lang)) bad.push("lang " + document.documentElement.lang);
  if (!document.title.trim()) bad.push("no title");
  if (document.querySelectorAll("main").length !== 1 || document.querySelectorAll("h1").length !== 1)
    bad.push("one main and one h1");
  for (const e of document.querySelectorAll("a[href], button, summary"))
    if (!name(e)) bad.push("no name: " + e.outerHTML);
  for (const e of document.querySelectorAll("input:not([type=hidden]), select, textarea"))
    if (!e.labels.length && !e.getAttribute("aria-label")) bad.push("no label: " + e.outerHTML);
  for (const e of document.querySelectorAll("img")) if (!e.hasAttribute("alt")) bad.push("no alt: " + e.outerHTML);
  for (const e of document.querySelectorAll("svg"))
    if (e.getAttribute("aria-hidden") !== "true" && !e.getAttribute("aria-label")) bad.push("no name: svg");
  for (const e of document.querySelectorAll("[aria-labelledby]"))
    if (!document.getElementById(e.getAttribute("aria-labelledby"))) bad.push("labelled by nothing: " + e.className);
  const ids = [...document.querySelectorAll("[id]")].map(e => e.id);
  bad.push(...ids.filter((id, at) => ids.indexOf(id) !== at).map(id => "twice: " + id));
  const levels = [...document.querySelectorAll("h1, h2, h3, h4")].filter(shown).map(e => Number(e.tagName[1]));
  levels.reduce((before, level) => { if (level > before + 1) bad.push("h" + before + " h" + level); return level; }, 0);
  return bad;
}"""

# Called before the page loads; `window.shifted` is the sum of what moved without anybody having touched anything.
WATCH_SHIFTS = """window.shifted = 0;
new PerformanceObserver(list => { for (const each of list.getEntries()) window.shifted += each.value; })
  .observe({ type: "layout-shift", buffered: true });"""
