// A change's page asks what moved (views/change.py). Nothing that somebody types, opened or stands in is swapped away.
"use strict";

(() => {
  const FIELDS = "textarea, select, input:not([type=hidden])";
  const typed = (field) => {
    if (field.matches("select")) return [...field.options].some((option) => option.selected !== option.defaultSelected);
    if (field.matches("[type=checkbox], [type=radio]")) return field.checked !== field.defaultChecked;
    return field.value !== field.defaultValue;
  };
  const busy = (place) => [...place.querySelectorAll(FIELDS)].some(typed)
    || place.querySelector("details.ask[open]") !== null || place.contains(document.activeElement);
  const name = (details) => details.querySelector("summary")?.textContent.trim();

  document.addEventListener("htmx:oobBeforeSwap", (event) => {
    const place = event.detail.target;
    if ("keepTyped" in place.dataset) {
      const isBusy = busy(place);
      const notice = document.getElementById(place.dataset.keepTyped);
      if (notice) notice.hidden = !isBusy;
      if (isBusy) {
        event.detail.shouldSwap = false;
        return;
      }
    }
    // What was unfolded stays so.
    const open = new Set([...place.querySelectorAll("details[open]")].map(name));
    for (const details of event.detail.fragment.querySelectorAll("details")) if (open.has(name(details))) details.open = true;
  });

  // A part that is asked for anew: not while somebody stands in it, and what was unfolded stays so.
  const places = (part) => [...part.querySelectorAll("details")];
  document.addEventListener("htmx:beforeRequest", (event) => {
    const part = event.target;
    if ("keepOpen" in part.dataset && part.contains(document.activeElement)) event.preventDefault();
  });
  document.addEventListener("htmx:beforeSwap", (event) => {
    const part = event.detail.target;
    if ("keepOpen" in part.dataset) part.unfolded = places(part).map((details) => details.open);
  });
  document.addEventListener("htmx:afterSwap", (event) => {
    const part = event.detail.target;
    places(part).forEach((details, place) => { if (part.unfolded?.[place]) details.open = true; });
  });

  // Nobody looks: nothing is asked.
  document.addEventListener("htmx:beforeRequest", (event) => {
    if (event.target.id === "live" && document.hidden) event.preventDefault();
  });
})();
