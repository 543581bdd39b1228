// Rules of a flag in another order without a round trip: by their buttons, by dragging, one more, one less; and found among many.
// Without this the same buttons ask the server (forms/serving.py). Nothing is served before the form is sent.
"use strict";

(() => {
  const place = document.querySelector("[data-rules]");
  if (!place) return;
  const order = place.querySelector("[name=order]");
  const MOST = 101;
  const MANY = 8;
  // Pixels from the edge of the window at which dragging scrolls, and how far.
  const NEAR = 60;
  const STRIDE = 20;
  const rules = () => [...place.querySelectorAll("[data-slot]")];

  const said = () => {
    rules().forEach((rule, index) => { rule.querySelector("[data-number]").textContent = index + 1; });
    order.value = rules().map((rule) => rule.dataset.slot).join(",");
    // What is typed is kept (unsent.js), and so is this.
    order.dispatchEvent(new Event("input", { bubbles: true }));
  };

  const MOVES = {
    up: (rule) => rule.previousElementSibling?.matches("[data-slot]") && rule.previousElementSibling.before(rule),
    down: (rule) => rule.nextElementSibling?.after(rule),
    away: (rule) => {
      const near = rule.nextElementSibling ?? rule.previousElementSibling;
      rule.remove();
      near?.querySelector("textarea, button")?.focus();
    },
  };

  // The last one again, empty, under the next number.
  const add = () => {
    const slot = Math.max(-1, ...rules().map((rule) => Number(rule.dataset.slot)), ...order.value.split(",").map(Number)) + 1;
    if (slot >= MOST || !rules().length) return false;
    const rule = rules().at(-1).cloneNode(true);
    const old = rule.dataset.slot;
    rule.dataset.slot = slot;
    for (const part of rule.querySelectorAll("*")) {
      for (const { name, value } of [...part.attributes]) {
        const again = value.replaceAll(new RegExp(`([_-])${old}(?=$|_| )`, "g"), `$1${slot}`);
        if (again !== value) part.setAttribute(name, again);
      }
    }
    for (const error of rule.querySelectorAll(".field-error")) error.remove();
    for (const wrong of rule.querySelectorAll(".has-error, .is-invalid")) wrong.classList.remove("has-error", "is-invalid");
    for (const field of rule.querySelectorAll("input, textarea")) {
      field.value = "";
      field.removeAttribute("aria-invalid");
    }
    rules().at(-1).after(rule);
    grip(rule);
    rule.querySelector("textarea").focus();
    return true;
  };

  document.addEventListener("click", (event) => {
    const button = event.target.closest("[name=arrange]");
    if (!button) return;
    const [verb, slot] = button.value.split("-");
    const rule = rules().find((one) => one.dataset.slot === slot);
    if (verb === "add" ? !add() : !rule) return;
    event.preventDefault();
    if (verb === "away" && rules().length === 1) add();
    MOVES[verb]?.(rule);
    if (rule?.isConnected) button.focus();
    said();
  });

  // Dragged by its handle, by mouse, pen or finger. Who uses neither has the buttons.
  const grip = (rule) => {
    rule.querySelector(".flag-grip")?.remove();
    const moves = rule.querySelector(".flag-rule-moves");
    if (!moves) return;
    const handle = document.createElement("span");
    handle.className = "flag-grip";
    handle.setAttribute("aria-hidden", "true");
    moves.prepend(handle);
    handle.addEventListener("pointerdown", (event) => {
      if (event.button) return;
      event.preventDefault();
      drag(rule, event.pointerId);
    });
  };

  // Listened to on the document: a handle that moves within the page would lose the pointer.
  const drag = (rule, pointer) => {
    const before = order.value;
    const ended = new AbortController();
    const listen = (name, then) => document.addEventListener(name, (event) => {
      if (event.pointerId === pointer) then(event);
    }, { signal: ended.signal });
    rule.classList.add("is-dragged");
    listen("pointermove", ({ clientY }) => {
      const others = rules().filter((one) => one !== rule && !one.hidden);
      const next = others.find((one) => clientY < one.getBoundingClientRect().top + one.offsetHeight / 2);
      if (next && rule.nextElementSibling !== next) next.before(rule);
      if (!next && others.length && rule.previousElementSibling !== others.at(-1)) others.at(-1).after(rule);
      const edge = clientY < NEAR ? -1 : clientY > innerHeight - NEAR ? 1 : 0;
      if (edge) scrollBy(0, edge * STRIDE);
    });
    const end = () => {
      ended.abort();
      rule.classList.remove("is-dragged");
      said();
      if (order.value !== before) rule.querySelector("textarea").focus({ preventScroll: true });
    };
    listen("pointerup", end);
    listen("pointercancel", end);
  };
  rules().forEach(grip);

  // Found among many.
  const search = document.querySelector("[data-rules-search]");
  if (!search || rules().length <= MANY) return;
  search.hidden = false;
  const found = search.querySelector("[role=status]");
  search.querySelector("input").addEventListener("input", (event) => {
    event.stopPropagation();
    const words = event.target.value.toLowerCase().split(/\s+/).filter(Boolean);
    const text = (rule) => [...rule.querySelectorAll("textarea, input[type=text]")].map((field) => field.value).join(" ").toLowerCase();
    for (const rule of rules()) rule.hidden = !words.every((word) => text(rule).includes(word));
    found.textContent = words.length ? `${rules().filter((rule) => !rule.hidden).length} / ${rules().length}` : "";
  });
})();
