/* Writing a batch. The form saves itself through htmx (see templates/batches/edit.html); this adds what makes it
   quick: columns at the caret, stepping through rows, and that nothing typed is lost between two saves. */
"use strict";
{
  const form = document.getElementById("draft");
  const row = document.getElementById("row");
  const saved = () => document.getElementById("saved");
  const typed = () => form.dispatchEvent(new Event("input", { bubbles: true }));

  // A refused form stands at the address of the refusal; reloading it should show the draft, not send it again.
  history.replaceState(null, "", location.pathname.replace(/(preview|submit)$/, "edit") + location.search + location.hash);

  /* ---- columns at the caret ---- */

  let place = form.elements.prompt;
  form.addEventListener("focusin", (event) => { if (event.target.matches("textarea")) place = event.target; });
  const insert = (text) => {
    place.focus();
    // Not setRangeText: this keeps the browser's own undo.
    if (!document.execCommand("insertText", false, text)) {
      place.setRangeText(text, place.selectionStart, place.selectionEnd, "end");
      typed();
    }
  };

  /* ---- rows ---- */

  const show = (number) => {
    row.value = Math.max(1, Math.min(Number(row.max), number || 1));
    form.dispatchEvent(new Event("save"));
  };

  form.addEventListener("click", (event) => {
    const chip = event.target.closest("[data-insert]");
    if (chip) insert(chip.dataset.insert);
    const step = event.target.closest("[name=step]");
    if (step) {
      event.preventDefault();
      show(Number(row.value) + (step.value === "next" ? 1 : -1));
    }
  });
  document.addEventListener("click", (event) => {
    const link = event.target.closest("a[data-row]");
    if (!link) return;
    event.preventDefault();
    show(Number(link.dataset.row));
    document.getElementById("prompt-step").scrollIntoView();
  });
  form.addEventListener("keydown", (event) => {
    // Enter in a field saves; only the button submits.
    if (event.key === "Enter" && event.target.matches("input")) {
      event.preventDefault();
      form.dispatchEvent(new Event("save"));
    }
  });

  /* ---- nothing typed is lost: kept in this tab until the server has it ---- */

  const key = `draft ${form.dataset.draft}`;
  const fields = () => [...form.elements].filter((one) => one.name && one.type !== "hidden" && one.tagName !== "BUTTON" && one !== row);
  let version = 0;
  let sent = 0;
  form.addEventListener("input", () => {
    version += 1;
    saved().textContent = "Saving…";
    try { sessionStorage.setItem(key, JSON.stringify(fields().map((one) => [one.name, one.value]))); } catch { /* full: then without */ }
  });
  form.addEventListener("htmx:beforeRequest", () => { sent = version; });
  form.addEventListener("htmx:afterRequest", (event) => {
    if (!event.detail.successful || event.detail.xhr.getResponseHeader("HX-Redirect")) saved().textContent = "Not saved yet";
    else if (sent === version) sessionStorage.removeItem(key);
    else saved().textContent = "Saving…";
  });
  document.addEventListener("htmx:afterSettle", () => {
    for (const one of fields()) {
      const notes = document.getElementById(`${one.id}_error`);
      if (notes?.childElementCount) one.setAttribute("aria-invalid", "true");
      else one.removeAttribute("aria-invalid");
    }
  });

  const kept = JSON.parse(sessionStorage.getItem(key) ?? "null");
  if (kept?.some(([name, value]) => form.elements[name] && form.elements[name].value !== value)) {
    for (const [name, value] of kept) if (form.elements[name]) form.elements[name].value = value;
    document.dispatchEvent(new CustomEvent("toast", { detail: "What you had typed before is back, and is being saved." }));
    addEventListener("load", typed);
  }
}
