// What makes pages of flags quicker. Every page works without it.
"use strict";

(() => {
  // A slider beside the number it moves.
  for (const number of document.querySelectorAll("input[data-slider]")) {
    const slider = document.createElement("input");
    slider.type = "range";
    slider.min = "0";
    slider.max = "100";
    slider.step = "1";
    slider.className = "flag-slider";
    slider.setAttribute("aria-label", document.querySelector(`label[for="${CSS.escape(number.id)}"]`)?.textContent.trim() ?? "");
    slider.value = number.value || "0";
    slider.addEventListener("input", () => { number.value = slider.value; });
    number.addEventListener("input", () => { slider.value = number.value || "0"; });
    number.before(slider);
  }
})();
