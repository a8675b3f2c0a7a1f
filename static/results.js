/* The page of a batch: a notification at its end, for whom it was asked for by a click. */
"use strict";
{
  const pk = location.pathname.split("/")[2];
  sessionStorage.removeItem(`draft ${pk}`);  // submitted: see drafts-keep.js

  const key = `notify ${pk}`;
  const isAsked = () => sessionStorage.getItem(key) !== null;
  const button = () => document.getElementById("notify");
  const canNotify = () => isSecureContext && "Notification" in window && Notification.permission !== "denied";
  const show = () => {
    if (!button() || !canNotify()) return;
    button().hidden = false;
    button().setAttribute("aria-pressed", String(isAsked()));
    button().textContent = isAsked() ? "You’ll be notified" : "Notify me when done";
  };
  const notify = () => {
    sessionStorage.removeItem(key);
    const words = document.querySelector("#progress .badge")?.textContent.trim();
    try {
      const told = new Notification(`${words}: ${document.querySelector("h1").textContent.trim()}`, { tag: `batch ${pk}` });
      told.addEventListener("click", () => { focus(); told.close(); });
    } catch { /* a browser that only lets service workers notify */ }
  };

  document.addEventListener("click", async ({ target }) => {
    if (!target.closest("#notify")) return;
    if (isAsked()) sessionStorage.removeItem(key);
    else if ((await Notification.requestPermission()) === "granted") sessionStorage.setItem(key, "asked");
    if (canNotify()) show();
    else button().hidden = true;
  });
  document.addEventListener("htmx:after:swap", () => {
    show();
    if (isAsked() && !button()) notify();
  });
  show();
}
