/* The page of a batch: what comes along out of band waits while one has it open or stands in it, as the polled part
   itself does. */
"use strict";
{
  const waiting = new Map();
  const inUse = (part) => part.querySelector("details[open]") || (part.contains(document.activeElement) && part.id !== "rail-batches");

  document.addEventListener("htmx:oobBeforeSwap", (event) => {
    const { target, fragment } = event.detail;
    waiting.delete(target.id);
    if (!inUse(target)) return;
    event.detail.shouldSwap = false;
    waiting.set(target.id, fragment.firstElementChild);
  });

  const catchUp = () => {
    for (const [id, fresh] of waiting) {
      const part = document.getElementById(id);
      if (part && inUse(part)) continue;
      waiting.delete(id);
      if (!part) continue;
      fresh.removeAttribute("hx-swap-oob");
      part.replaceWith(fresh);
      htmx.process(fresh);
      htmx.trigger(fresh, "htmx:afterSettle", { elt: fresh });
    }
  };
  document.addEventListener("toggle", catchUp, true);
  document.addEventListener("focusout", () => setTimeout(catchUp));
}
