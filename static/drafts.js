/* Writing a batch. The form saves itself through htmx (see templates/drafts/edit.html); this adds what makes it
   quick: columns at the caret by a click, stepping through rows, buttons that only change a part of the page.
   Beside it: drafts-parts.js (rows that repeat), drafts-complete.js (columns at `{{`), drafts-keep.js (nothing is lost). */
"use strict";
{
  const form = document.getElementById("draft");
  const row = document.getElementById("row");
  const typed = () => form.dispatchEvent(new Event("input", { bubbles: true }));
  const save = () => form.dispatchEvent(new Event("save"));

  // A refused form stands at the address of the refusal; reloading it should show the draft, not send it again.
  const address = location.pathname.replace(/(preview|check|keep)$/, "edit");
  history.replaceState(null, "", address + location.search + location.hash);

  /* ---- columns at the caret ---- */

  let place = form.elements.prompt;
  form.addEventListener("focusin", (event) => { if (event.target.matches("[data-columns]")) place = event.target; });
  const insert = (text) => {
    if (!place.isConnected) place = form.elements.prompt;
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
    save();
  };
  let asked = "";
  const steps = { next: 1, previous: -1 };

  form.addEventListener("click", (event) => {
    const on = (selector) => event.target.closest(selector);
    if (on("[data-insert]")) insert(on("[data-insert]").dataset.insert);
    const step = on("[name=step]")?.value;
    if (step) {
      event.preventDefault();
      show(step in steps ? Number(row.value) + steps[step] : Number(step.replace("row-", "")));
    }
    if (on("[data-ask]")) {
      event.preventDefault();
      asked = on("[data-ask]").value;
      save();
    }
  });
  form.addEventListener("htmx:config:request", ({ target, detail: { ctx } }) => {
    if (target !== form) return;
    ctx.request.body.set("do", asked);
    asked = "";
  });
  document.addEventListener("click", (event) => {
    const link = event.target.closest("a[data-row]");
    if (!link) return;
    event.preventDefault();
    show(Number(link.dataset.row));
    document.getElementById("prompt-step").scrollIntoView();
  });

  // Once a worker has found the rows, the price and the preview are of those.
  let isSearching = false;
  const followSearch = () => {
    const wasSearching = isSearching;
    isSearching = document.getElementById("row-choice").hasAttribute("hx-get");
    if (wasSearching && !isSearching) save();
  };
  document.addEventListener("htmx:after:swap", followSearch);
  followSearch();

  /* ---- submitting: while something is missing, the button leads to it ---- */

  const firstProblem = () => [...form.querySelectorAll("[id$=_error]")].find((place) => place.childElementCount);
  const showProblem = () => {
    const place = firstProblem() ?? document.getElementById("id_prompt_error");
    for (let part = place.closest("details"); part; part = part.parentElement.closest("details")) part.open = true;
    const field = document.getElementById(place.id.replace(/_error$/, ""));
    if (field?.matches("input, select, textarea")) field.focus();
    else place.scrollIntoView({ block: "center" });
    window.page.say(document.getElementById("sum-reason")?.textContent ?? "");
  };
  form.addEventListener("submit", (event) => {
    const isJudged = ["", "saved"].includes(document.getElementById("saved").dataset.state);  // else what was typed last decides
    if (event.submitter?.id !== "review-button" || event.submitter.getAttribute("aria-disabled") !== "true" || !isJudged) return;
    event.preventDefault();
    event.stopImmediatePropagation();
    showProblem();
  }, { capture: true });

  form.addEventListener("keydown", (event) => {
    // Enter in a field saves; only the button submits.
    if (event.key === "Enter" && event.target.matches("input") && event.target.form === form) {
      event.preventDefault();
      const named = event.target.closest(".menu .form, .by-value")?.querySelector("button");
      if (named) named.click();
      else save();
    }
  });
}
