/* What pages do besides htmx. Everything works without it, too, only less smoothly.

   Attributes that a template may use:
     data-dialog      on a link to a confirming page: asks in a dialog instead of going there
     data-key="n"     the key that clicks a link or button, or focuses a field; its words go into the `?` list,
                      or those of data-words; in a table it is for the row in which one is
     data-copy="id"   on a button: copies the value of that field, or the text of that element
     data-tab="42 %"  in a part that htmx swaps in: stands before the title in the browser's tab; data-tone="live" (or good,
                      bad, warn) chooses the icon
     data-say="…"     in a part that htmx swaps in: read aloud once, when the words have changed
     data-rows        around the one table of several whose rows `j` and `k` walk
   For the other scripts: `window.page`.
   Live parts: hx-get, hx-trigger="every 2s, back from:body" and an id. They are morphed (htmx.config.defaultSwap); other
   parts come along in an <hx-partial>. When there is nothing left to wait for, the answer has the same id and neither
   hx-get nor hx-trigger. A part whose fields the server may change is replaced (hx-swap="outerHTML"). What must not
   become something else while it has the focus, like a row or an action, has an id. */
"use strict";
{
  const find = (selector, root = document) => root.querySelector(selector);
  const all = (selector, root = document) => [...root.querySelectorAll(selector)];
  const typing = (element) => element?.matches?.("input:not([type=checkbox], [type=radio]), textarea, select, [contenteditable]");

  /* ---- saying things ---- */

  const say = (words) => { find("#spoken").textContent = words; };
  const toast = (words) => {
    const box = find("#toast").content.cloneNode(true);
    find("span", box).textContent = words;
    find("#toasts").replaceChildren(box);
    say(words);
  };

  let said = "";
  const sayNew = (root) => {
    const words = (root.matches?.("[data-say]") ? root : find("[data-say]", root))?.dataset.say;
    if (words && words !== said) say(said = words);
  };

  /* ---- the tab: how far it is before the title, the state as the icon ---- */

  const { title } = document;
  const icon = find("#icon");
  const plainIcon = icon.getAttribute("href");
  const showTab = () => {
    const { tab, tone } = find("[data-tab]")?.dataset ?? {};
    document.title = tab ? `${tab} · ${title}` : title;
    const wanted = icon.dataset[tone] ?? plainIcon;
    if (icon.getAttribute("href") !== wanted) icon.setAttribute("href", wanted);
  };

  /* ---- times in the viewer's zone ---- */

  /* The viewer's zone, but one way of writing, the one of the charts and lists: 25 Nov 2026, 14:01. */
  const format = (options) => new Intl.DateTimeFormat("en-GB", options);
  const exact = format({ dateStyle: "full", timeStyle: "long" });
  const second = format({ hour: "numeric", minute: "2-digit", second: "2-digit" });
  const minute = format({ hour: "numeric", minute: "2-digit" });
  const day = format({ day: "numeric", month: "short" });
  const year = format({ day: "numeric", month: "short", year: "numeric" });
  const sameDay = (one, other) => one.toDateString() === other.toDateString();

  const nearby = (moment, now) => {
    const minutes = Math.floor((now - moment) / 60000);
    if (minutes >= 0 && minutes < 1) return "just now";
    if (minutes >= 1 && minutes < 60) return minutes === 1 ? "1 minute ago" : `${minutes} minutes ago`;
    if (minutes < 0 && minutes >= -60) return `in ${-minutes} min`;
    if (sameDay(moment, now)) return `today, ${minute.format(moment)}`;
    if (sameDay(moment, new Date(now - 86400000))) return `yesterday, ${minute.format(moment)}`;
    return `${(moment.getFullYear() === now.getFullYear() ? day : year).format(moment)}, ${minute.format(moment)}`;
  };
  const toTheSecond = (moment, now) =>
    sameDay(moment, now) ? second.format(moment) : `${day.format(moment)}, ${second.format(moment)}`;

  const showTimes = (root) => {
    const now = new Date();
    for (const element of all("time[data-time]", root)) {
      const moment = new Date(element.dateTime);
      const words = ({ clock: toTheSecond, day: (at) => year.format(at) }[element.dataset.time] ?? nearby)(moment, now);
      if (element.textContent !== words) element.textContent = words;
      element.title = exact.format(moment);
    }
  };
  setInterval(() => showTimes(document), 30000);

  /* ---- dialogs, menus, small things that are clicked ---- */

  const dialog = find("#dialog");
  dialog.addEventListener("close", () => dialog.replaceChildren());
  const openDialog = (content) => {
    dialog.replaceChildren(content);
    find("h1, h2", dialog).id = "dialog-title";
    htmx.process(dialog);
    showTimes(dialog);
    dialog.showModal();
  };
  const ask = async (link) => {
    try {
      const answer = await fetch(link.href);
      const page = new DOMParser().parseFromString(await answer.text(), "text/html");
      const question = find("[data-ask]", page);
      if (!answer.ok || !question) throw new Error("no question");
      openDialog(document.adoptNode(question));
    } catch {
      location.assign(link.href);  // the page itself asks, or says what is wrong
    }
  };
  const copy = async (button) => {
    const field = document.getElementById(button.dataset.copy);
    if (field.select) field.select();
    else getSelection().selectAllChildren(field);
    try {
      await navigator.clipboard.writeText(field.value ?? field.textContent);
      say("Copied");
      button.textContent = "Copied";
    } catch {
      button.textContent = "Press Ctrl+C";
    }
  };

  document.addEventListener("click", (event) => {
    const plain = !event.ctrlKey && !event.metaKey && !event.shiftKey && !event.button;
    const on = (selector) => event.target.closest(selector);
    for (const menu of all("details.menu[open]")) {
      // a choice closes its menu, as does a click anywhere else; a download leaves the page as it is
      if (!menu.contains(event.target) || event.target.closest("a")) menu.open = false;
    }
    if (on("[data-shut]")) on("[data-shut]").closest(".notice").remove();
    if (on("[data-copy]")) copy(on("[data-copy]"));
    if (plain && on("a[data-dialog]")) { event.preventDefault(); ask(on("a[data-dialog]")); }
    if (on("dialog [data-close]")) event.preventDefault();
    if (event.target === dialog || on("dialog [data-close]")) dialog.close();
  });

  // A form that is on its way is not sent twice; coming back by the browser's Back makes it usable again.
  const sending = new Set();
  document.addEventListener("submit", (event) => {
    const form = event.target;
    if (event.defaultPrevented || form.matches("[hx-get], [hx-post]") || form.method !== "post") return;
    if (sending.has(form)) event.preventDefault();
    sending.add(form);
  });
  addEventListener("pageshow", () => sending.clear());

  /* ---- keys ---- */

  const keysAreOff = () => localStorage.getItem("keys") === "off";
  const wordsOf = (element) => element.dataset.words || element.getAttribute("aria-label") || element.labels?.[0]?.textContent || element.textContent;
  const rows = () => {
    const own = find("main [data-rows]") ? "main [data-rows] tbody a[href]" : "main tbody a[href]";
    return all(own).filter((link) => link === find("a[href]", link.closest("tr")));
  };
  const walk = (step) => {
    const links = rows();
    const at = links.findIndex((link) => link.closest("tr").contains(document.activeElement));
    links[Math.max(0, Math.min(links.length - 1, at + step))]?.focus();
  };
  const showKeys = () => {
    const box = find("#keys").content.cloneNode(true);
    const own = new Map(all("[data-key]").map((element) => [element.dataset.key, wordsOf(element).trim()]));
    for (const pair of all("[data-if]", box)) pair.hidden = !find(pair.dataset.if) || own.has(find("kbd", pair).textContent);
    for (const [key, words] of own) {
      const pair = find("dl > div:last-child", box).cloneNode(true);
      find("kbd", pair).textContent = key;
      find("dd", pair).textContent = words;
      find("[data-own]", box).before(pair);
    }
    const choice = find("input", box);
    choice.checked = !keysAreOff();
    choice.addEventListener("change", () => localStorage.setItem("keys", choice.checked ? "on" : "off"));
    openDialog(box);
  };
  const press = (key) => {
    // in a table a key belongs to the row in which one is
    const row = document.activeElement.closest("tr");
    const target = all("[data-key]").find((element) => element.dataset.key === key && (!element.closest("tr") || element.closest("tr") === row));
    if (target) typing(target) ? target.focus() : target.click();
    else if (key === "/") find("main [type=search]")?.focus();
    else if (key === "j" || key === "k") walk(key === "j" ? 1 : -1);
    else return false;
    return true;
  };
  document.addEventListener("keydown", (event) => {
    if (event.key === "Escape") for (const menu of all("details.menu[open]")) {
      menu.open = false;
      find("summary", menu).focus();
    }
    if (event.ctrlKey || event.metaKey || event.altKey || typing(event.target) || find("dialog[open]")) return;
    if (event.key === "?") showKeys();
    else if (!keysAreOff() && press(event.key)) event.preventDefault();
  });

  /* ---- live parts: morphed by htmx, so that focus, scroll, selection and what is open stay ---- */

  const isBlank = (node) => node.nodeType === Node.TEXT_NODE && !node.data.trim();
  document.addEventListener("htmx:before:swap", ({ detail }) => {
    // the blank text around a part would be added once more by every poll
    for (const { fragment } of detail.tasks) [...fragment.childNodes].filter(isBlank).forEach((node) => node.remove());
  });
  document.addEventListener("htmx:after:settle", (event) => sayNew(event.target));
  document.addEventListener("htmx:after:swap", () => {
    showTimes(document);
    showTab();
  });
  // What ends while nobody looks at the tab is not seen yet.
  document.addEventListener("htmx:config:request", ({ detail }) => { detail.ctx.request.headers["X-Visible"] = String(!document.hidden); });
  htmx.registerExtension("live", {
    // The server’s words for a time that is shown already would only replace the viewer’s.
    htmx_before_morph_node: (shown, { newNode }) => !(shown.matches?.("time") && shown.dateTime === newNode.dateTime),
    // A choice that a person made follows no attribute any more; where the server changes it, it shall.
    htmx_before_morph_attr: (shown, { attrName, newValue }) => {
      if (attrName === "selected" || attrName === "checked") shown[attrName] = newValue !== null;
    },
  });

  /* ---- a lost connection is said, and mended by itself ---- */

  let wait = 0;
  const probe = async () => {
    try {
      const answer = await fetch("/healthz", { cache: "no-store" });
      if (answer.ok) return found();
    } catch { /* still lost */ }
    wait = Math.min(wait * 1.5, 15000);
    setTimeout(probe, wait);
  };
  const lost = () => {
    if (wait) return;
    wait = 1500;
    find("#lost").hidden = false;
    say(find("#lost").textContent);
    setTimeout(probe, wait);
  };
  const found = () => {
    wait = 0;
    find("#lost").hidden = true;
    say("The connection is back.");
    htmx.trigger(document.body, "back");
  };
  addEventListener("offline", lost);
  document.addEventListener("htmx:error", ({ detail: { ctx } }) => {
    if (ctx && (!ctx.response || ctx.request.signal.aborted)) lost();
  });
  document.addEventListener("htmx:response:error", ({ detail: { ctx } }) => {
    const { status } = ctx.response;
    const isPoll = ctx.request.method === "GET" && ctx.target === ctx.sourceElement;
    if (isPoll && status >= 500) lost();
    else if (status === 503) toast("The server can’t read or write its data right now. Nothing is lost; try again in a moment.");
    else if (status === 403) toast("The server refused this. Your session may have changed: reload the page and try again.");
    else if (status === 404) toast("This no longer exists. Reload the page.");
    else toast(`That didn’t work: the server answered with error ${status}. Try again; if it keeps happening, check the server’s log.`);
  });

  /* ---- at the start ---- */

  window.page = { find, all, say, toast, showTimes };

  htmx.initialize();  // by itself it waits for a timer, and what the scripts of a page send meanwhile is lost
  showTimes(document);
  showTab();
  find("[aria-invalid=true]")?.focus();
  // What was typed before the scripts were there, they are told now. What the browser itself brought back is
  // older than the page, and is not.
  const isChosen = (field) => [...field.options].some((option) => option.defaultSelected && !option.selected);
  const isChanged = (field) => {
    if (field.matches("[type=hidden], [type=file], [readonly]")) return false;
    if (field.matches("select")) return isChosen(field);
    if (field.matches("[type=checkbox], [type=radio]")) return field.checked !== field.defaultChecked;
    return field.value !== field.defaultValue;
  };
  if (performance.getEntriesByType("navigation")[0]?.type === "navigate") addEventListener("load", () => {
    for (const field of all("input, textarea, select").filter(isChanged)) {
      field.dispatchEvent(new Event("input", { bubbles: true }));
    }
  });
}
