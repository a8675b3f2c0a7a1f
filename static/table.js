/* The table of results: rows open in a panel beside it (over it on a narrow screen, where Back closes it), and columns are
   widened with the mouse. Without this script a row is a page, and widths are chosen in the menu. */
"use strict";
{
  const { find, showTimes } = window.page;
  const panel = find("#panel");
  const rowOf = (url) => new URL(url, location.href).pathname.match(/\/rows\/(\d+)$/)?.[1];
  const lineOf = (row) => document.getElementById(`row-${row}`);
  const hash = () => location.hash.match(/^#row-(\d+)$/)?.[1];
  let shown = "";
  let loading = Promise.resolve();

  const refresh = () =>
    htmx.ajax("GET", location.pathname + location.search, { target: "#results", headers: { "HX-Target": "section#results" } });

  /* ---- the panel: the server leaves out what is around the row ---- */

  const mark = () => {
    find("#rows tr[aria-current]")?.removeAttribute("aria-current");
    lineOf(shown)?.setAttribute("aria-current", "true");
  };
  const fill = (text) => {
    const focused = panel.contains(document.activeElement) ? document.activeElement.dataset.key : "";
    find("[data-content]", panel).innerHTML = text;
    panel.setAttribute("aria-label", find("#row-head h2", panel).textContent);
    panel.hidden = false;
    htmx.process(panel);
    showTimes(panel);
    (focused && find(`[data-key="${focused}"]`, panel) || panel).focus({ preventScroll: true });
  };
  const load = async (url, options) => {
    try {
      const answer = await fetch(url, { headers: { "X-Part": "panel" }, ...options });
      const row = rowOf(answer.url);
      if (!answer.ok || !row) throw new Error("no row");
      fill(await answer.text());
      if (row !== shown) panel.scrollTop = 0;
      history[shown || hash() === row ? "replaceState" : "pushState"](null, "", `${location.search}#row-${row}`);
      shown = row;
      mark();
      lineOf(row)?.scrollIntoView({ block: "nearest" });
    } catch {
      location.assign(url);  // the page itself says what is wrong
    }
  };
  const close = () => {
    panel.hidden = true;
    const link = find("td.row a", lineOf(shown) ?? find("#rows tbody tr") ?? document.body);
    shown = "";
    mark();
    if (hash()) history.replaceState(null, "", location.pathname + location.search);
    link?.focus({ preventScroll: true });
  };
  document.addEventListener("click", (event) => {
    if (event.button || event.ctrlKey || event.metaKey || event.shiftKey) return;
    const link = event.target.closest("#rows td.row a, #panel :is([rel=prev], [rel=next])");
    if (link) {
      event.preventDefault();
      // a step that is asked for while one is on its way goes on from there
      loading = loading.then(() => load((link.rel && find(`[rel=${link.rel}]`, panel) || link).href));
    }
    if (event.target.closest("[data-close-panel]")) close();
  });
  document.addEventListener("submit", async (event) => {
    const form = event.target;
    if (!panel.contains(form) || form.closest("dialog")) return;
    event.preventDefault();
    await load(form.action, { method: "POST", body: new FormData(form, event.submitter) });
    refresh();
  });
  document.addEventListener("keydown", (event) => {
    if (event.key !== "Escape" || panel.hidden || find("dialog[open], details.menu[open]")) return;
    if (event.target.matches("input:not([type=radio]), textarea, select")) event.target.blur();
    else close();
  });
  addEventListener("popstate", () => { if (shown && !hash()) close(); });
  const asked = hash();
  if (asked) load(find("td.row a", lineOf(asked) ?? document.createElement("i"))?.href ?? `${location.pathname}/rows/${asked}${location.search}`);

  document.addEventListener("htmx:after:swap", mark);

  /* ---- widths: what the mouse drags becomes one of those that the menu offers ---- */

  const widths = { narrow: 110, medium: 200, wide: 340, widest: 560 };
  const nearest = (pixels) => Object.keys(widths).reduce((best, name) =>
    (Math.abs(widths[name] - pixels) < Math.abs(widths[best] - pixels) ? name : best));
  let dragged = null;
  let before = 0;
  document.addEventListener("pointerdown", ({ target }) => {
    dragged = target.closest("th[data-column]");
    before = dragged?.offsetWidth;
  });
  document.addEventListener("pointerup", async () => {
    const head = dragged;
    if (!head || Math.abs(head.offsetWidth - before) < 8) return;
    const form = find("#columns");
    form.elements[`width.${head.dataset.column}`].value = nearest(head.offsetWidth);
    head.style.width = head.style.height = "";
    await fetch(form.action, { method: "POST", body: new FormData(form), headers: { Accept: "application/json" } });
    refresh();
  });
}
