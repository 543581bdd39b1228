// What makes pages quicker. Every page works without it.
"use strict";

(() => {
  // Copy buttons beside code.
  for (const button of document.querySelectorAll("[data-copy]")) {
    button.hidden = !navigator.clipboard;
    button.addEventListener("click", async () => {
      const words = button.querySelector("[data-copied]");
      await navigator.clipboard.writeText(button.closest("figure").querySelector("code").textContent);
      const before = words.textContent;
      words.textContent = words.dataset.copied;
      setTimeout(() => { words.textContent = before; }, 2000);
    });
  }

  // A form is sent once, however often its button is pressed.
  document.addEventListener("submit", (event) => {
    if (event.defaultPrevented || event.target.method !== "post") return;
    if (event.target.dataset.sent) event.preventDefault();
    event.target.dataset.sent = "yes";
  });
  addEventListener("pageshow", () => {
    for (const form of document.querySelectorAll("form[data-sent]")) delete form.dataset.sent;
  });
})();
