// A page of long work keeps up by itself, in place: whoever reads, or has entered something, is not thrown back.
// Without this script the browser loads the page again (the noscript beside it).  A page that is done has neither.
const every = 3000;
function isEntered(field) {
  if (field.options) return [...field.options].some((option) => option.selected && !option.defaultSelected && option.index);
  return field.value !== field.defaultValue || field.checked !== field.defaultChecked;
}
async function keepUp() {
  const main = document.querySelector("main");
  const isInUse = main.contains(document.activeElement) || [...main.querySelectorAll("input, select, textarea")].some(isEntered);
  if (!isInUse) {
    try {
      const answer = await fetch(location.href, { headers: { Accept: "text/html" } });
      if (answer.redirected) {
        location.reload();
        return;
      }
      if (answer.ok) {
        const page = new DOMParser().parseFromString(await answer.text(), "text/html");
        main.replaceChildren(...page.querySelector("main").childNodes);
        document.body.dataset.status = page.body.dataset.status;
        if (!page.querySelector("script[data-busy]")) return;
      }
    } catch {
      // No network for a moment: the next look finds out.
    }
  }
  setTimeout(keepUp, every);
}
setTimeout(keepUp, every);
