/* Rows that repeat (examples, fields of the answer): added, moved and removed where they stand. Without this script
   the same buttons let the server do it. What a part consists of stands in its template with `data-blank`.
   Event on the form: `rows` (detail: { part, count }) makes so many rows, for drafts-keep.js. */
"use strict";
{
  const form = document.getElementById("draft");
  const { say } = window.page;
  const changed = () => form.dispatchEvent(new Event("input", { bubbles: true }));
  const listOf = (part) => part.querySelector("[data-rows]");
  const name = (row) => `${row.getAttribute("aria-label")} ${[...row.parentElement.children].indexOf(row) + 1}`;

  const add = (part) => {
    const row = part.querySelector("template[data-blank]").content.firstElementChild.cloneNode(true);
    listOf(part).append(row);
    return row;
  };
  const actions = {
    add(part) {
      const row = add(part);
      row.querySelector("input, textarea, select").focus();
      say(`${name(row)} is added`);
    },
    remove(part, row) {
      const words = `${name(row)} is removed`;
      const next = row.nextElementSibling ?? row.previousElementSibling;
      row.remove();
      (next?.querySelector("[data-do=remove]") ?? part.querySelector("[data-do=add]")).focus();
      say(words);
    },
    up(part, row, button) {
      row.previousElementSibling?.before(row);
      button.focus();
      say(`Now ${name(row).toLowerCase()}`);
    },
    down(part, row, button) {
      row.nextElementSibling?.after(row);
      button.focus();
      say(`Now ${name(row).toLowerCase()}`);
    },
  };

  form.addEventListener("click", (event) => {
    const button = event.target.closest("[data-do]");
    if (!button) return;
    event.preventDefault();
    actions[button.dataset.do](button.closest("[data-part]"), button.closest("[data-row]"), button);
    changed();
  });
  form.addEventListener("input", ({ target }) => {
    if (target.name !== "fields-values") return;
    const count = new Set(target.value.split("\n").map((line) => line.trim()).filter(Boolean)).size;
    target.closest(".field").querySelector("[data-count]").textContent = count ? `${count} value${count === 1 ? "" : "s"}` : "";
  });
  form.addEventListener("rows", (event) => {
    const part = form.querySelector(`[data-part=${event.detail.part}]`);
    const rows = listOf(part).children;
    while (rows.length > event.detail.count) rows[rows.length - 1].remove();
    while (rows.length < event.detail.count) add(part);
  });
}
