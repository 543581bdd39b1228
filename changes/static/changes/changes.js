// What makes forms of changes quicker. Every page works without it.
"use strict";

(() => {
  // A filter over a long list of checkboxes; what is ticked stays in sight.
  for (const filter of document.querySelectorAll("[data-pick]")) {
    const choices = [...filter.nextElementSibling.querySelectorAll(".choice")];
    filter.hidden = choices.length < 8;
    filter.addEventListener("input", (event) => {
      event.stopPropagation();
      const wanted = filter.value.trim().toLowerCase();
      for (const choice of choices) {
        choice.hidden = !choice.textContent.toLowerCase().includes(wanted) && !choice.querySelector("input").checked;
      }
    });
    filter.addEventListener("keydown", (event) => { if (event.key === "Enter") event.preventDefault(); });
    filter.addEventListener("change", (event) => event.stopPropagation());
  }

  // Arrow keys go through an agenda. Single keys can be switched off on the profile page.
  document.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || event.shiftKey || document.documentElement.dataset.keys === "off") return;
    if (event.target instanceof HTMLElement && event.target.matches("input, textarea, select, [contenteditable]")) return;
    document.querySelector(`a[data-arrow="${CSS.escape(event.key)}"]`)?.click();
  });

  // A slot that is offered: the time it names goes into its field, and the page looks again.
  document.addEventListener("click", (event) => {
    const button = event.target.closest("[data-take]");
    if (!button) return;
    event.preventDefault();
    const field = button.form.elements[button.dataset.take];
    field.value = button.value;
    field.dispatchEvent(new Event("input", { bubbles: true }));
    field.dispatchEvent(new Event("change", { bubbles: true }));
    field.focus();
  });

  // Another empty line as soon as the last one is used.
  document.addEventListener("input", (event) => {
    const lines = event.target.closest("[data-lines]");
    if (!lines || event.target !== lines.lastElementChild || !event.target.value) return;
    const line = event.target.cloneNode();
    const number = lines.childElementCount;
    line.value = "";
    line.required = false;
    line.id = line.id.replace(/\d+$/, number);
    line.setAttribute("aria-label", (line.getAttribute("aria-label") || "").replace(/\d+/, number + 1));
    lines.append(line);
  });
})();
