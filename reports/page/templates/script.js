// What every page does: theme, copied commands, values under the pointer, paper.
(() => {
  "use strict";
  const all = (selector, root = document) => [...root.querySelectorAll(selector)];
  const one = (selector, root = document) => root.querySelector(selector);

  // Theme: the system's, until the reader chooses.
  const root = document.documentElement;
  const stored = (value) => {
    try {
      if (value) localStorage.setItem("lnpu-theme", value);
      return localStorage.getItem("lnpu-theme");
    } catch {
      return null; // storage may be closed to local files
    }
  };
  if (stored()) root.dataset.theme = stored();
  one("#theme").addEventListener("click", () => {
    const dark = root.dataset.theme
      ? root.dataset.theme === "dark"
      : matchMedia("(prefers-color-scheme: dark)").matches;
    root.dataset.theme = dark ? "light" : "dark";
    stored(root.dataset.theme);
  });

  // Copying a command; where the clipboard is closed, the text is selected instead.
  for (const button of all(".copy")) {
    button.addEventListener("click", async (event) => {
      event.stopPropagation();
      const code = one("code", button.parentElement);
      try {
        await navigator.clipboard.writeText(code.textContent);
        button.textContent = "Copied";
      } catch {
        getSelection().selectAllChildren(code);
        button.textContent = "Selected";
      }
      setTimeout(() => (button.textContent = "Copy"), 1500);
    });
  }

  // Values under the pointer.
  const tip = one("#tip");
  document.addEventListener("pointermove", (event) => {
    const target = event.target instanceof Element && event.target.closest("[data-tip]");
    tip.hidden = !target;
    if (!target) return;
    if (tip.textContent !== target.dataset.tip) tip.textContent = target.dataset.tip;
    const right = event.clientX + 16 + tip.offsetWidth > innerWidth;
    const low = event.clientY + 16 + tip.offsetHeight > innerHeight;
    tip.style.left = `${right ? event.clientX - 12 - tip.offsetWidth : event.clientX + 16}px`;
    tip.style.top = `${low ? event.clientY - 12 - tip.offsetHeight : event.clientY + 16}px`;
  });

  // On paper nothing stays folded.
  let folded = [];
  addEventListener("beforeprint", () => {
    folded = all("details:not([open])");
    for (const card of folded) card.open = true;
  });
  addEventListener("afterprint", () => {
    for (const card of folded) card.open = false;
  });
})();
