/* Passkeys: tells allauth's script, which asks the browser for one, where on the page it finds its button and form.
   `data-passkey` on a form says what it is for: `loginForm`, `addForm` or `authenticateForm`; `data-button` names the button. */
"use strict";
{
  const form = document.querySelector("[data-passkey]");
  const button = document.getElementById(form.dataset.button);
  if (window.PublicKeyCredential) {
    button.hidden = false;
    allauth.webauthn.forms[form.dataset.passkey]({
      ids: {
        login: button.id, add: button.id, authenticate: button.id,
        credential: form.elements.credential.id,
        passwordless: form.elements.passwordless?.id,
        data: "passkey-data",
      },
    });
  }
  document.addEventListener("allauth.error", (event) => {
    event.preventDefault();
    const words = event.detail.exception.name === "NotAllowedError" ? "No passkey was used." : "The passkey did not work.";
    window.page.toast(`${words} Try again, or use another way.`);
  });
}
