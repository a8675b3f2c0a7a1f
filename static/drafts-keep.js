/* Nothing typed is lost: what the server does not have yet is kept in this tab, with the mark (data-rev) of what the
   server had. It comes back after a reload, after going back, after signing in again. */
"use strict";
{
  const form = document.getElementById("draft");
  const key = `draft ${form.dataset.draft}`;
  const saved = () => document.getElementById("saved");
  const tell = (state, words) => {
    saved().dataset.state = state;
    saved().textContent = words;
  };
  const isTyped = (one) => one.name && one.type !== "hidden" && one.tagName !== "BUTTON" && one.id !== "row" && !one.name.startsWith("keep-");
  const fields = () => [...form.elements].filter(isTyped);
  const isChoice = (one) => one.type === "radio" || one.type === "checkbox";
  const valueOf = (one) => (isChoice(one) ? one.checked : one.value);
  const now = () => fields().map((one) => [one.name, valueOf(one)]);
  const edit = () => form.elements.edit;
  form.autocomplete = "off";  // what the browser would bring back may be older than what the server has
  form.elements.tab.value = Math.random().toString(36).slice(2);  // this page: what it saved itself is no surprise to it
  let version = 0;
  let sent = 0;

  const keep = (more) => {
    const kept = { base: saved().dataset.rev, edit: edit().value, tab: form.elements.tab.value, values: now(), ...more };
    try { sessionStorage.setItem(key, JSON.stringify(kept)); } catch { /* full: then without */ }
  };
  form.addEventListener("input", (event) => {
    if (event.target.form && event.target.form !== form) return;  // of the panel that stands in it
    version += 1;
    tell("saving", "Saving…");
    keep();
  });
  form.addEventListener("submit", () => { if (version !== 0 || sessionStorage.getItem(key)) keep({ submitted: true }); });
  form.addEventListener("htmx:before:request", ({ target, detail: { ctx } }) => {
    if (target !== form) return;
    // A request may have waited for the one before it: what is sent is read now, and with it the number of the last edit.
    const fields = new FormData(form);
    fields.set("do", ctx.request.body.get("do"));
    ctx.request.body = new URLSearchParams(fields);
    sent = version;
  });
  form.addEventListener("htmx:finally:request", ({ target, detail: { ctx } }) => {
    if (target !== form) return;
    if (!ctx.response?.raw.ok || ctx.hx.redirect) tell("unsaved", "Not saved yet");
    else if (sent !== version) tell("saving", "Saving…");
  });
  document.addEventListener("htmx:after:swap", () => {
    // What is marked could not be saved: it stays here until it can.
    if (sent === version && saved().dataset.state === "saved") {
      if ("unsaved" in saved().dataset) keep();
      else sessionStorage.removeItem(key);
    }
    for (const one of fields()) {
      const notes = document.getElementById(`${one.id}_error`);
      if (notes?.childElementCount) one.setAttribute("aria-invalid", "true");
      else one.removeAttribute("aria-invalid");
    }
  });

  const restore = (values) => {
    for (const part of ["examples", "fields"]) {
      const firsts = { examples: "examples-user", fields: "fields-name" };
      form.dispatchEvent(new CustomEvent("rows", { detail: { part, count: values.filter(([name]) => name === firsts[part]).length } }));
    }
    const waiting = new Map();
    for (const [name, value] of values) waiting.set(name, [...(waiting.get(name) ?? []), value]);
    for (const one of fields()) {
      const value = waiting.get(one.name)?.shift();
      if (value === undefined) continue;
      if (isChoice(one)) one.checked = value;
      else one.value = value;
      if (value !== "" && !isChoice(one)) one.closest("details")?.setAttribute("open", "");
    }
  };

  const kept = JSON.parse(sessionStorage.getItem(key) ?? "null");
  // A form that was sent as a whole and came back with another mark has arrived; so nothing is to be brought back. Not
  // where one had to sign in again: then an earlier save made the mark, and the form was refused.
  const refused = document.referrer.startsWith(`${location.origin}/sign-in`);
  const arrived = kept?.submitted && !refused && kept.base !== saved().dataset.rev;
  if (arrived || !kept?.values) sessionStorage.removeItem(key);
  else if (JSON.stringify(kept.values) !== JSON.stringify(now())) {
    restore(kept.values);
    edit().value = kept.edit ?? edit().value;  // where somebody saved something else since, both are shown
    form.elements.tab.value = kept.tab ?? form.elements.tab.value;  // what was still on its way is one's own
    window.page.toast("What you had typed before is back, and is being saved.");
    addEventListener("load", () => form.dispatchEvent(new Event("input", { bubbles: true })));
  }
}
