/* The page of a batch. What comes along out of band waits while one has it open, as the polled part itself does,
   and the focus stays where it was: on the element with the same id or data-focus. */
"use strict";
{
  sessionStorage.removeItem(`draft ${location.pathname.split("/").pop()}`);  // submitted: see drafts-keep.js

  const waiting = new Map();
  const nameOf = (element) => element.id || element.dataset.focus || "";

  const replace = (part, fresh) => {
    const focused = part.contains(document.activeElement) ? nameOf(document.activeElement) : "";
    fresh.removeAttribute("hx-swap-oob");
    part.replaceWith(fresh);
    htmx.process(fresh);
    htmx.trigger(fresh, "htmx:afterSettle", { elt: fresh });
    if (focused) [...fresh.querySelectorAll("a, button, summary")].find((element) => nameOf(element) === focused)?.focus({ preventScroll: true });
  };
  const catchUp = () => {
    for (const [id, fresh] of waiting) {
      const part = document.getElementById(id);
      if (part?.querySelector("details[open]")) continue;
      waiting.delete(id);
      if (part) replace(part, fresh);
    }
  };
  /* Rows fill in place, cell by cell: focus, selection and open texts stay. False where other rows are shown now. */
  const isInUse = (cell) => cell.contains(document.activeElement) || cell.querySelector("details[open]");
  const fill = (table, fresh) => {
    const [rows, others] = [table, fresh].map((part) => [...part.querySelectorAll("tbody tr")]);
    if (!rows.length || rows.length !== others.length || rows.some((row, at) => row.id !== others[at].id)) return false;
    rows.forEach((row, at) => [...row.cells].forEach((cell, place) => {
      const next = others[at].cells[place];
      if (cell.isEqualNode(next) || isInUse(cell)) return;
      const copy = document.importNode(next, true);
      cell.replaceWith(copy);
      htmx.process(copy);
    }));
    return true;
  };
  document.addEventListener("htmx:oobBeforeSwap", (event) => {
    const { target, fragment } = event.detail;
    event.detail.shouldSwap = false;
    if (target.id === "rows" && fill(target, fragment.firstElementChild)) return;
    waiting.set(target.id, fragment.firstElementChild);
  });
  document.addEventListener("htmx:afterSwap", catchUp);
  document.addEventListener("toggle", catchUp, true);
}
