/* Columns offered at `{{`: a listbox at the caret of any text with `data-columns`. The columns and how far they are
   filled are read from the chips of the page. Arrows choose, Enter or Tab takes, Escape closes; so does a click. */
"use strict";
{
  const form = document.getElementById("draft");
  const MOST = 60;
  const columns = () => [...form.querySelectorAll("[data-column]")].map(({ dataset }) => dataset);
  const plain = (text) => text.normalize("NFKD").toLowerCase();

  const box = document.getElementById("columns-offered");
  const blank = box.querySelector("template").content.firstElementChild;
  let field = null;  // the text that the list is open for
  let from = 0;  // where its `{{` begins
  let at = 0;  // the option that is chosen

  const options = () => [...box.children];
  const mark = (number) => {
    at = (number + box.children.length) % box.children.length;
    options().forEach((option, index) => option.setAttribute("aria-selected", String(index === at)));
    const chosen = options()[at];
    chosen.scrollIntoView({ block: "nearest" });
    field.setAttribute("aria-activedescendant", chosen.id);
  };
  const close = () => {
    if (!field) return;
    for (const name of ["aria-activedescendant", "aria-controls"]) field.removeAttribute(name);
    box.hidden = true;
    field = null;
  };

  // What stands between the last `{{` and the caret, unless it is closed, escaped, or runs over a line.
  const begun = (text) => {
    const before = text.value.slice(0, text.selectionStart);
    const found = /(^|[^\\])\{\{([^{}\n]*)$/.exec(before);
    return found && { start: before.length - found[2].length - 2, word: found[2].trim() };
  };

  const option = (column, number) => {
    const item = blank.cloneNode(true);
    item.id = `column-offered-${number}`;
    item.dataset.take = column.insert;
    [item.firstElementChild.textContent, item.lastElementChild.textContent] = [column.column, column.filled];
    return item;
  };

  // Where the caret stands on the page: a copy of the text up to it, laid out alike.
  const caret = (text) => {
    const copy = document.createElement("div");
    const style = getComputedStyle(text);
    for (const name of ["font", "lineHeight", "letterSpacing", "padding", "border", "boxSizing", "width", "tabSize", "textAlign", "direction"]) copy.style[name] = style[name];
    Object.assign(copy.style, { position: "absolute", visibility: "hidden", whiteSpace: "pre-wrap", overflowWrap: "break-word", top: "0", left: "0" });
    const end = document.createElement("span");
    end.textContent = "\u200b";
    copy.append(text.value.slice(0, from + 2), end);
    document.body.append(copy);
    const place = { x: end.offsetLeft, y: end.offsetTop + end.offsetHeight };
    copy.remove();
    const frame = text.getBoundingClientRect();
    return { x: frame.left + place.x - text.scrollLeft + scrollX, y: Math.min(frame.top + place.y - text.scrollTop, frame.bottom) + scrollY };
  };

  const open = (text, { start, word }) => {
    const wanted = plain(word);
    const known = columns().filter(({ column }) => plain(column).includes(wanted));
    known.sort((one, other) => plain(other.column).startsWith(wanted) - plain(one.column).startsWith(wanted));
    if (!known.length) return close();
    const wasOpen = field === text;
    if (field && !wasOpen) close();
    [field, from] = [text, start];
    box.replaceChildren(...known.slice(0, MOST).map(option));
    box.hidden = false;
    const place = caret(text);
    box.style.top = `${place.y + 4}px`;
    box.style.left = `${Math.max(8, Math.min(place.x, document.documentElement.clientWidth - box.offsetWidth - 8))}px`;
    text.setAttribute("aria-controls", box.id);
    mark(0);
    if (!wasOpen) window.page.say(`${known.length} columns; arrow keys choose, Enter takes`);
  };

  const take = (chosen) => {
    const [text, name] = [field, chosen.dataset.take];
    const rest = text.value.slice(text.selectionStart);
    const end = text.selectionStart + (/^\s*\}\}/.exec(rest)?.[0].length ?? 0);
    close();
    text.focus();
    text.setSelectionRange(from, end);
    // Not setRangeText: this keeps the browser's own undo.
    if (!document.execCommand("insertText", false, name)) {
      text.setRangeText(name, from, end, "end");
      text.dispatchEvent(new Event("input", { bubbles: true }));
    }
    close();
  };

  const look = (text) => {
    const found = begun(text);
    if (found) open(text, found);
    else close();
  };

  form.addEventListener("input", (event) => { if (event.target.matches("[data-columns]")) look(event.target); });
  form.addEventListener("keydown", (event) => {
    if (!field || event.target !== field || event.isComposing) return;
    const keys = {
      ArrowDown: () => mark(at + 1),
      ArrowUp: () => mark(at - 1),
      Enter: () => take(options()[at]),
      Tab: () => take(options()[at]),
      Escape: close,
    };
    if (!(event.key in keys) || event.shiftKey || event.ctrlKey || event.metaKey || event.altKey) return;
    event.preventDefault();
    keys[event.key]();
  });
  form.addEventListener("focusout", (event) => { if (event.target === field) close(); });
  box.addEventListener("pointerdown", (event) => {
    event.preventDefault();  // the text keeps the focus
    const chosen = event.target.closest("[role=option]");
    if (chosen) take(chosen);
  });
  addEventListener("resize", close);
  for (const text of form.querySelectorAll("[data-columns]")) {
    text.setAttribute("aria-autocomplete", "list");
    text.setAttribute("aria-haspopup", "listbox");
  }
}
