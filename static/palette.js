/* Keys that work everywhere, while one types, too: Ctrl-K opens the palette (templates/home/palette.html), Ctrl-Enter submits
   the form that one is in. Attribute: data-enter on the button that Ctrl-Enter presses in a form without a main one. */
"use strict";
{
  const { find, all } = window.page;

  /* In the palette the arrows walk from the search through the places, and Enter goes to the first. */
  const stepThrough = (event) => {
    const stops = all(".palette [type=search], .palette #places a");
    const at = stops.indexOf(document.activeElement);
    if (at < 0) return;
    if (event.key === "Enter" && at === 0) stops[0].form.requestSubmit(stops[0].form.elements.first);
    else if (event.key === "ArrowDown" || event.key === "ArrowUp") {
      stops.at((at + (event.key === "ArrowDown" ? 1 : -1)) % stops.length).focus();
    } else return;
    event.preventDefault();
  };
  /* Ctrl-Enter presses the main button of the form that one is in, or the only one. */
  const submitForm = ({ form }) => {
    const buttons = [...form.elements].filter((element) => element.type === "submit" && element.checkVisibility() && !element.matches(".unseen"));
    const main = buttons.find((button) => button.matches(".main")) ?? (buttons.length === 1 ? buttons[0] : find("[data-enter]", form));
    main?.click();
  };
  document.addEventListener("keydown", (event) => {
    if ((event.ctrlKey || event.metaKey) && !event.altKey && !event.shiftKey) {
      if (event.key === "k" && find("#palette-link")) {
        event.preventDefault();
        if (!find("dialog[open]")) find("#palette-link").click();
      } else if (event.key === "Enter" && event.target.form) submitForm(event.target);
    }
    stepThrough(event);
  });
}
