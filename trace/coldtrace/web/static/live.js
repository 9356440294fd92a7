// The numbers of the desk's first page keep up by themselves.  Without this script they are those of the moment.
const list = document.querySelector("[data-live]");
if (list && "EventSource" in window) {
  const source = new EventSource(list.dataset.live);
  const note = document.querySelector("[data-live-note]");
  source.addEventListener("counts", (event) => {
    if (note) note.hidden = false;
    const { most, counts } = JSON.parse(event.data);
    for (const place of list.querySelectorAll("[data-count]")) {
      const number = counts[place.dataset.count];
      if (number === undefined) continue;
      const words = number.toLocaleString("en");
      place.textContent = number >= most ? `${place.dataset.most} ${words}` : words;
      const tile = place.closest("[data-tile]");
      tile.classList.toggle(`tile--${tile.dataset.tile}`, number > 0);
    }
  });
  // The session ended: what stands here would grow old without anybody noticing.
  source.addEventListener("over", () => {
    source.close();
    location.reload();
  });
}
