/* Uploads with a progress bar: drop a file or choose one, and it is sent at once; it can be stopped. Without this
   script the form sends the file by itself. The form may come later, in a part that htmx swaps in; a page has one at
   a time. What it has to say stands in its data attributes:
     data-upload, data-limit, data-limit-words   on the form: the greatest size in bytes, and in words
     data-drop, data-send, data-sending, data-error   its parts: drop zone, plain button, progress, what went wrong */
"use strict";
{
  let form = null;
  let sending = null;
  const part = (name) => form.querySelector(`[data-${name}]`);
  const field = () => form.querySelector("[type=file]");
  const { say } = window.page;

  /* ---- what is shown ---- */

  const size = (bytes) => {
    for (const [least, word] of [[1e9, "GB"], [1e6, "MB"], [1e3, "kB"]]) {
      if (bytes >= least) return `${(bytes / least).toFixed(bytes >= 10 * least ? 0 : 1)} ${word}`;
    }
    return `${bytes} bytes`;
  };
  const showError = (words) => {
    part("error").hidden = !words;
    part("error").querySelector("b").textContent = words;
  };
  const showSending = (is) => {
    part("sending").hidden = !is;
    part("drop").hidden = is;
  };
  const showProgress = (file, sent, total) => {
    const bar = part("sending").querySelector("progress");
    bar.max = total || 1;
    bar.value = sent;
    part("words").textContent = sent < total
      ? `Uploading ${file.name}: ${size(sent)} of ${size(total)}`
      : `${file.name} is uploaded; the server takes it in`;
  };

  /* ---- sending ---- */

  const ended = (words) => {
    sending = null;
    showSending(false);
    showError(words);
    field().value = "";
    if (words) field().focus();
  };
  const answered = (request) => {
    let answer = {};
    try { answer = JSON.parse(request.responseText); } catch { /* a page, not our answer */ }
    if (request.status === 201 && answer.url) {
      sending = null;
      field().value = "";  // or going back would bring the file, and send it again
      location.assign(answer.url);
    } else if (answer.error) ended(answer.error);
    else if (request.status === 403) ended("The server refused this: your session may have changed. Reload the page and try again.");
    else if (request.responseURL && !request.responseURL.endsWith(form.getAttribute("action"))) location.reload();  // signed out
    else ended(`The upload did not work: the server answered with error ${request.status}. Its log says why.`);
  };
  const send = (file) => {
    const request = new XMLHttpRequest();
    const fields = new FormData(form);
    fields.set(field().name, file);
    request.open("POST", form.action);
    request.setRequestHeader("Accept", "application/json");
    request.upload.addEventListener("progress", (event) => showProgress(file, event.loaded, event.total));
    request.addEventListener("load", () => answered(request));
    request.addEventListener("error", () => ended(
      "The upload was cut off: the connection was lost, or the file changed meanwhile. Nothing was kept. Choose the file again."));
    request.addEventListener("abort", () => ended(""));
    sending = request;
    showError("");
    showProgress(file, 0, file.size);
    showSending(true);
    part("stop").focus();
    say(`Uploading ${file.name}`);
    request.send(fields);
  };
  const take = (files) => {
    if (sending || !files.length) return;
    const [file] = files;
    if (files.length > 1) showError("One file at a time, please: each becomes a dataset of its own.");
    else if (!file.size) showError(`${file.name} is empty, or a folder.`);
    else if (file.size > Number(form.dataset.limit)) {
      showError(`${file.name} has ${size(file.size)}; the limit is ${form.dataset.limitWords}. Split it, or ask who runs batchsite.`);
    } else return send(file);
    field().value = "";
  };

  /* ---- what people do ---- */

  const attach = () => {
    const found = document.querySelector("form[data-upload]");
    if (!found || found === form || sending) return;
    form = found;
    const input = field();
    input.addEventListener("change", () => take(input.files));
    part("stop").addEventListener("click", () => { sending?.abort(); say("Stopped. Nothing was kept."); });
    form.addEventListener("submit", (event) => { event.preventDefault(); take(input.files); });
    part("send").hidden = true;
    input.classList.add("unseen");
    take(input.files);  // chosen before this script was there
  };

  /* ---- a pasted table is a file, too ---- */

  const pasted = document.querySelector("form[data-paste]");
  pasted?.addEventListener("submit", (event) => {
    const { table, name } = pasted.elements;
    if (!table.value.trim() || !form) return;  // the server says what is missing
    event.preventDefault();
    take([new File([table.value], `${name.value.trim().replaceAll("/", "-") || "Pasted table"}.txt`, { type: "text/plain" })]);
  });
  // Pasted anywhere on the page: it goes where tables are pasted, or is a copied file.
  document.addEventListener("paste", (event) => {
    if (!pasted || sending || event.target.matches("input, textarea")) return;
    const text = event.clipboardData.getData("text/plain");
    if (event.clipboardData.files.length) take(event.clipboardData.files);
    else if (text.includes("\n") || text.includes("\t")) {
      pasted.closest("details").open = true;
      pasted.elements.table.value = text;
      pasted.querySelector("button").focus();
    } else return;
    event.preventDefault();
  });

  attach();
  document.addEventListener("htmx:after:swap", attach);
  addEventListener("beforeunload", (event) => { if (sending) event.preventDefault(); });

  // A file may be dropped anywhere: beside the zone the browser would leave the page and open it.
  const carriesFiles = (event) => form?.isConnected && event.dataTransfer?.types.includes("Files");
  const hover = (is) => {
    part("drop").classList.toggle("over", is);
    if (is && form.closest("details")) form.closest("details").open = true;
  };
  addEventListener("dragover", (event) => {
    if (!carriesFiles(event)) return;
    event.preventDefault();
    event.dataTransfer.dropEffect = sending ? "none" : "copy";
    hover(!sending);
  });
  addEventListener("dragleave", (event) => { if (form && !event.relatedTarget) hover(false); });
  addEventListener("drop", (event) => {
    if (!carriesFiles(event)) return;
    event.preventDefault();
    hover(false);
    take(event.dataTransfer.files);
  });
}
