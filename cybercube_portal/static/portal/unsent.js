// The form around components/unsent_line.html keeps what is typed until it is sent (people/views/unsent.py). It works without this too.
"use strict";

(() => {
  const line = document.getElementById("unsent-said");
  const form = line?.closest("form");
  if (!form) return;
  const PAUSE = 1500;
  const PATIENCE = 8000;
  // What a browser still sends of a page that goes away.
  const LAST_WORDS = 60_000;
  const PRIVATE = "[type=password], [type=file], [name=csrfmiddlewaretoken], [name^=unsent_]";
  let isTyped = "typed" in line.dataset;
  let isSent = false;
  let timer = 0;
  let waiting = 0;
  let last = Promise.resolve();

  const say = (text) => {
    if (line.innerHTML !== text) line.innerHTML = text;
  };
  const tell = (what) => say(document.getElementById(`unsent-${what}`).innerHTML);
  const ask = (options) => fetch(line.dataset.keep, {
    ...options,
    headers: { "HX-Request": "true", "X-CSRFToken": form.elements.csrfmiddlewaretoken.value },
    signal: AbortSignal.timeout(PATIENCE),
  });
  const isOver = (answer) => answer.headers.has("HX-Redirect");

  const fields = () => {
    const hidden = new Set([...form.querySelectorAll(PRIVATE)].map((field) => field.name));
    return new URLSearchParams([...new FormData(form)].filter(([name]) => !hidden.has(name))).toString();
  };

  // Whoever logged in again in another tab has another token.
  const renew = async () => {
    const answer = await ask({});
    if (isOver(answer)) return answer;
    const found = new DOMParser().parseFromString(await answer.text(), "text/html").querySelector("input");
    for (const field of document.querySelectorAll("input[name=csrfmiddlewaretoken]")) field.value = found.value;
    return null;
  };

  const send = async () => {
    const typed = fields();
    if (typed.length > Number(line.dataset.largest)) {
      tell("too-large");
      return;
    }
    const title = [document.querySelector("h1").textContent.trim(), form.elements.title?.value].filter(Boolean).join(": ");
    const body = new URLSearchParams({
      address: line.dataset.address, title, fields: typed,
      // Whose row this is: what another tab keeps stays beside it.
      page: form.elements.unsent_page.value, known: form.elements.unsent_known.value,
    });
    const post = () => ask({ method: "POST", body, keepalive: document.hidden && body.toString().length < LAST_WORDS });
    try {
      let answer = await post();
      if (answer.status === 403) answer = (await renew()) ?? (await post());
      if (isOver(answer)) tell("logged-out");
      else if (answer.ok) say(await answer.text());
      else tell("failed");
      isTyped ||= !answer.ok || isOver(answer);
    } catch {
      isTyped = true;
      tell("failed");
    }
  };
  const keep = () => {
    clearTimeout(timer);
    if (!isTyped || isSent) return;
    isTyped = false;
    waiting += 1;
    last = last.then(send).finally(() => { waiting -= 1; });
  };
  const later = (pause) => {
    clearTimeout(timer);
    timer = setTimeout(keep, pause);
  };

  form.addEventListener("input", () => {
    isTyped = true;
    later(PAUSE);
  });
  document.addEventListener("visibilitychange", () => { if (document.hidden) keep(); });
  addEventListener("pagehide", keep);
  addEventListener("pageshow", () => { isSent = false; });

  // What is being kept arrives before the form does, so that nothing is kept of a form that was sent.
  form.addEventListener("submit", (event) => {
    clearTimeout(timer);
    if (waiting && !isSent) {
      event.preventDefault();
      isSent = true;
      last.finally(() => form.requestSubmit(event.submitter));
      return;
    }
    isSent = true;
  });
  if (isTyped) later(PAUSE);
})();
