/* Lists that are filtered in place, and whose entries can be ticked: one tick for all, and how many there are.

   Attributes: data-all="id" on a checkbox ticks every box that belongs to the form with that id; data-count="id" on an
   element says how many are ticked. */
"use strict";
{
  document.addEventListener("submit", ({ target }) => {
    if (!target.matches("form[role=search][hx-get]")) return;
    document.activeElement.blur();  // the keys are for the list from here on
    for (const menu of target.querySelectorAll("details.menu[open]")) menu.open = false;
  });

  const boxes = (form) => [...document.querySelectorAll(`input[name=pk][form=${form}]`)];
  const tell = (form) => {
    const ticked = boxes(form).filter((box) => box.checked).length;
    for (const place of document.querySelectorAll(`[data-count=${form}]`)) place.textContent = `${ticked} selected:`;
    for (const all of document.querySelectorAll(`[data-all=${form}]`)) {
      all.hidden = false;
      all.checked = ticked > 0 && ticked === boxes(form).length;
      all.indeterminate = ticked > 0 && !all.checked;
    }
  };
  const forms = () => new Set([...document.querySelectorAll("[data-all]")].map((all) => all.dataset.all));
  document.addEventListener("change", ({ target }) => {
    if (target.dataset.all) for (const box of boxes(target.dataset.all)) box.checked = target.checked;
    if (target.dataset.all || target.name === "pk") forms().forEach(tell);
  });
  document.addEventListener("htmx:after:swap", () => forms().forEach(tell));
  addEventListener("pageshow", () => forms().forEach(tell));
}
