// The palette and single keys. Everything they reach has a link or a button as well.
"use strict";

(() => {
  const palette = document.getElementById("palette");
  const help = document.getElementById("keys");
  if (!palette || !help) return;
  const field = document.getElementById("palette-field");
  const found = document.getElementById("palette-found");
  const options = () => [...found.querySelectorAll("a[role=option]")];
  const typing = (element) => element instanceof HTMLElement && (element.isContentEditable || element.matches("input, textarea, select"));
  const LATER = 1500;
  let leader = 0;

  const choose = (option) => {
    for (const one of options()) one.setAttribute("aria-selected", String(one === option));
    if (option) {
      field.setAttribute("aria-activedescendant", option.id);
      option.scrollIntoView({ block: "nearest" });
    } else {
      field.removeAttribute("aria-activedescendant");
    }
  };
  const chosen = () => options().find((one) => one.getAttribute("aria-selected") === "true");
  const step = (by) => {
    const all = options();
    if (!all.length) return;
    const at = all.indexOf(chosen());
    choose(all[at < 0 ? (by > 0 ? 0 : all.length - 1) : (at + by + all.length) % all.length]);
  };

  const open = () => {
    if (palette.open) return;
    help.close();
    palette.showModal();
    field.value = "";
    field.focus();
    htmx.trigger(field, "palette:open");
  };

  field.addEventListener("keydown", (event) => {
    if (event.key === "ArrowDown" || event.key === "ArrowUp") {
      event.preventDefault();
      step(event.key === "ArrowDown" ? 1 : -1);
    } else if (event.key === "Enter" && !event.isComposing) {
      event.preventDefault();
      const option = chosen();
      if (option) option.click();
    }
  });
  found.addEventListener("htmx:afterSwap", () => choose(options()[0]));
  found.addEventListener("pointermove", (event) => {
    const option = event.target.closest("a[role=option]");
    if (option && option !== chosen()) choose(option);
  });
  for (const dialog of [palette, help]) {
    // A click beside the dialog closes it.
    dialog.addEventListener("click", (event) => { if (event.target === dialog) dialog.close(); });
  }
  for (const button of document.querySelectorAll("[data-opens]")) {
    button.hidden = false;
    button.addEventListener("click", () => (button.dataset.opens === "keys" ? help.showModal() : open()));
  }

  // The first link of each line of lists and tables.
  const lines = () => [...document.querySelectorAll("main .rows > li, main .data tbody > tr")].map((line) => line.querySelector("a[href]")).filter(Boolean);
  const move = (by) => {
    const all = lines();
    if (!all.length) return;
    const at = all.findIndex((link) => link.closest("li, tr").contains(document.activeElement));
    all[at < 0 ? (by > 0 ? 0 : all.length - 1) : Math.min(Math.max(at + by, 0), all.length - 1)].focus();
  };
  const follow = (selector) => {
    const link = document.querySelector(selector);
    if (link) link.click();
    return Boolean(link);
  };
  // The list's own query, else the search field on top.
  const search = () => {
    const wanted = document.querySelector("[data-query]") ?? document.getElementById("search");
    wanted.focus();
    wanted.select();
  };
  const keys = {
    "/": search,
    "?": () => help.showModal(),
    n: () => follow('[data-key="n"]'),
    j: () => move(1),
    k: () => move(-1),
    g: () => { leader = Date.now(); },
  };

  document.addEventListener("keydown", (event) => {
    if ((event.ctrlKey || event.metaKey) && !event.altKey && !event.shiftKey && event.key.toLowerCase() === "k") {
      event.preventDefault();
      open();
      return;
    }
    if (event.ctrlKey || event.metaKey || event.altKey || event.isComposing) return;
    if (document.documentElement.dataset.keys === "off" || typing(event.target) || document.querySelector("dialog[open]")) return;
    if (Date.now() - leader < LATER && /^[a-z]$/.test(event.key)) {
      leader = 0;
      if (follow(`[data-go="${event.key}"]`)) event.preventDefault();
      return;
    }
    const act = keys[event.key];
    if (!act) return;
    event.preventDefault();
    act();
  });
})();
