/* The page of a batch. What comes along out of band waits while one has it open, as the polled part itself does,
   and the focus stays where it was. */
"use strict";
{
  sessionStorage.removeItem(`draft ${location.pathname.split("/").pop()}`);  // submitted: see drafts-keep.js

  const waiting = new Map();
  const place = (element) => `${element.tagName} ${element.textContent.trim()}`;

  const replace = (part, fresh) => {
    const focused = part.contains(document.activeElement) ? place(document.activeElement) : "";
    fresh.removeAttribute("hx-swap-oob");
    part.replaceWith(fresh);
    htmx.process(fresh);
    htmx.trigger(fresh, "htmx:afterSettle", { elt: fresh });
    if (focused) [...fresh.querySelectorAll("a, button, summary")].find((one) => place(one) === focused)?.focus({ preventScroll: true });
  };
  const catchUp = () => {
    for (const [id, fresh] of waiting) {
      const part = document.getElementById(id);
      if (part?.querySelector("details[open]")) continue;
      waiting.delete(id);
      if (part) replace(part, fresh);
    }
  };
  document.addEventListener("htmx:oobBeforeSwap", (event) => {
    const { target, fragment } = event.detail;
    event.detail.shouldSwap = false;
    waiting.set(target.id, fragment.firstElementChild);
  });
  document.addEventListener("htmx:afterSwap", catchUp);
  document.addEventListener("toggle", catchUp, true);
}
