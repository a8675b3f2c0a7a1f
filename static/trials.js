/* Trying a draft. The panel works through htmx (see templates/trials); this keeps what is typed about variants, says
   what a try would cost while one types, and lets the page of the draft know when answers taught its estimate. */
"use strict";
{
  const form = document.getElementById("try-form");
  const draft = document.getElementById("draft");
  const isMine = (element) => element.form === form;

  /* ---- what is typed is saved, and priced anew ---- */

  let waiting = 0;
  const save = () => htmx.ajax("POST", form.getAttribute("action"), { source: form, target: "#try-cost", values: { act: "price" } });
  const fields = () => [...form.elements].filter((one) => one.name && one.type !== "hidden" && one.tagName !== "BUTTON");
  const now = () => fields().map((one) => [one.name, one.value]);
  const soon = (pause) => {
    clearTimeout(waiting);
    waiting = setTimeout(save, pause);
  };
  let typed = 0;
  let sent = 0;
  document.addEventListener("input", (event) => {
    if (!isMine(event.target)) return;
    typed += 1;
    keep();
    soon(500);
  });
  form.addEventListener("submit", () => clearTimeout(waiting));

  // What the server does not have yet is kept in this tab: a panel that comes in the place of the one into which it was
  // typed takes it over, after a reload or signing in again, too.
  const key = `try ${form.getAttribute("action")}`;
  const keep = () => {
    try { sessionStorage.setItem(key, JSON.stringify(now())); } catch { /* full: then without */ }
  };
  const restore = () => {
    const kept = JSON.parse(sessionStorage.getItem(key) ?? "[]").filter(([name, value]) => form.elements[name] && form.elements[name].value !== value);
    for (const [name, value] of kept) form.elements[name].value = value;
    if (kept.length) soon(0);
    else if (typed === sent && fields().length) sessionStorage.removeItem(key);
  };
  form.addEventListener("htmx:config:request", ({ detail: { ctx } }) => { ctx.typed = typed; });
  form.addEventListener("htmx:before:request", ({ detail: { ctx } }) => { sent = ctx.typed; });
  form.addEventListener("htmx:after:request", ({ detail: { ctx: { response, hx } } }) => {
    const arrived = (response.status < 300 || response.status === 422) && !hx.redirect;
    if (arrived && typed === sent) sessionStorage.removeItem(key);
  });
  document.addEventListener("htmx:after:settle", ({ target }) => { if (target.id === "try") restore(); });
  restore();

  if (draft) {
    // The panel stands inside the draft's form, so that its requests are heard there, too.
    draft.addEventListener("htmx:finally:request", ({ target }) => {
      if (target === draft && document.getElementById("try-cost")) soon(800);
    });

    // What was just typed into the prompt is what is tried: it is saved first.
    const isSaving = () => document.getElementById("saved")?.dataset.state === "saving";
    document.addEventListener("submit", (event) => {
      if (event.target !== form || !isSaving()) return;
      event.preventDefault();
      event.stopPropagation();
      const send = ({ target }) => {
        if (target !== draft) return;
        draft.removeEventListener("htmx:finally:request", send);
        setTimeout(() => form.requestSubmit(event.submitter));
      };
      draft.addEventListener("htmx:finally:request", send);
      draft.dispatchEvent(new Event("save"));
    }, true);

    // Answers have come, or one is kept no more: the estimate knows more now.
    const learn = (part) => part?.id === "tried" || part?.id === "try";
    let live = false;
    document.addEventListener("htmx:after:settle", ({ target }) => {
      if (!learn(target)) return;
      const tried = document.getElementById("tried");
      const isLive = Boolean(tried?.hasAttribute("hx-get"));
      if (tried && !isLive && (live || target.id === "try")) draft.dispatchEvent(new Event("save"));
      live = isLive;
    });
  }
}
