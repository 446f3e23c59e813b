"use strict";
(() => {
  const all = (selector, root = document) => [...root.querySelectorAll(selector)];
  const one = (selector, root = document) => root.querySelector(selector);

  // Theme: the system's, until the reader chooses.
  const root = document.documentElement;
  const stored = (value) => {
    try {
      if (value) localStorage.setItem("theme", value);
      return localStorage.getItem("theme");
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

  // Table: each replay's row travels with the row of its details.
  const table = one("#replays");
  const body = table.tBodies[0];
  const pairs = all("tr.replay", body).map((row) => ({ row, more: row.nextElementSibling, open: false }));
  const wanted = { status: "", step: "", words: [] };

  const show = () => {
    let shown = 0;
    for (const { row, more, open } of pairs) {
      const { layer, step, status } = row.dataset;
      const text = `${layer} ${step} ${status}`.toLowerCase();
      const match =
        (!wanted.status || status === wanted.status) &&
        (!wanted.step || step === wanted.step) &&
        wanted.words.every((word) => text.includes(word));
      row.hidden = !match;
      more.hidden = !match || !open;
      shown += match;
    }
    one("#shown").textContent = shown === pairs.length ? "" : `${shown} of ${pairs.length} replays`;
    table.tFoot.classList.toggle("dim", shown !== pairs.length);
  };

  one("#filter").addEventListener("input", (event) => {
    wanted.words = event.target.value.toLowerCase().split(/\s+/).filter(Boolean);
    show();
  });
  for (const chip of all(".chip")) {
    chip.addEventListener("click", () => {
      const { group, value } = chip.dataset;
      wanted[group] = value;
      for (const other of all(`.chip[data-group="${group}"]`)) {
        other.setAttribute("aria-pressed", String(other === chip));
      }
      show();
    });
  }

  for (const pair of pairs) {
    const button = one(".more-button", pair.row);
    pair.row.addEventListener("click", (event) => {
      if (event.target.closest("a") || String(getSelection())) return;
      pair.open = !pair.open;
      button.setAttribute("aria-expanded", String(pair.open));
      show();
    });
  }

  // Sorting: up, down, and back to the network's order. Rows without a value stay last.
  const original = [...pairs];
  const heads = [...table.tHead.rows[0].cells];
  heads.forEach((head, column) => {
    if (head.dataset.kind === "none") return;
    const number = head.dataset.kind === "number";
    one("button", head).addEventListener("click", () => {
      const orders = number ? ["descending", "ascending", "none"] : ["ascending", "descending", "none"];
      const next = orders[(orders.indexOf(head.getAttribute("aria-sort")) + 1) % 3];
      for (const other of heads) {
        if (other.dataset.kind !== "none") other.setAttribute("aria-sort", "none");
      }
      head.setAttribute("aria-sort", next);
      pairs.splice(0, pairs.length, ...original);
      if (next !== "none") {
        const sign = next === "ascending" ? 1 : -1;
        const key = ({ row }) => row.cells[column].dataset.v;
        pairs.sort((a, b) => {
          const [x, y] = [key(a), key(b)];
          if (x === "" || y === "") return (x === "") - (y === "");
          const numeric = !Number.isNaN(Number(x)) && !Number.isNaN(Number(y));
          return sign * (numeric ? Number(x) - Number(y) : x.localeCompare(y));
        });
      }
      body.append(...pairs.flatMap(({ row, more }) => [row, more]));
    });
  });

  // A link to a card opens it.
  const openCard = () => {
    const card = location.hash && document.getElementById(decodeURIComponent(location.hash.slice(1)));
    if (card && card.tagName === "DETAILS") {
      card.open = true;
      card.scrollIntoView();
    }
  };
  addEventListener("hashchange", openCard);
  document.addEventListener("click", (event) => {
    const link = event.target.closest('a[href^="#replay-"]');
    if (link && link.hash === location.hash) openCard();
  });
  openCard();

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
