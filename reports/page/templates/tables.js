// Tables that sort and filter. A page only writes markup (macros.html: heads, number, filters):
//   <table class="sortable" id="x">   each head cell is sorted by, but for data-sort="none"; data-sort="number"
//                                     starts with the largest; a cell's data-v is its key, else its text
//   <tr class="more">                 details: this row travels with the one before, which opens and closes it
//   <div class="controls" data-for="x" data-noun="replays">
//       input[type=search]            every word must occur in the row's data-text (else its text)
//       .chip[data-group][data-value] the row's dataset must hold just that; "" stands for all
//       output, .clear                what is shown of how many; a button that shows everything again
(() => {
  "use strict";
  const all = (selector, root = document) => [...root.querySelectorAll(selector)];
  const one = (selector, root = document) => root.querySelector(selector);
  const collator = new Intl.Collator("en", { numeric: true });
  const byRow = new WeakMap();

  const key = (cell) => cell.dataset.v ?? cell.textContent.trim();

  // Values before none; numbers as numbers, all else as text in which layer10 comes after layer2.
  const compare = (x, y, sign) => {
    if (x === "" || y === "") return (x === "") - (y === "");
    const numeric = !Number.isNaN(Number(x)) && !Number.isNaN(Number(y));
    return sign * (numeric ? Number(x) - Number(y) : collator.compare(x, y));
  };

  class SortedTable {
    constructor(table) {
      this.table = table;
      this.body = table.tBodies[0];
      this.entries = [...this.body.rows]
        .filter((row) => !row.classList.contains("more"))
        .map((row) => {
          const next = row.nextElementSibling;
          const more = next && next.classList.contains("more") ? next : null;
          return { row, more, open: false, text: null };
        });
      this.original = [...this.entries];
      this.heads = [...table.tHead.rows[0].cells].filter((head) => head.dataset.sort !== "none");
      this.wanted = { words: [], groups: {} };
      this.controls = table.id ? one(`.controls[data-for="${table.id}"]`) : null;
      for (const head of this.heads) this.makeSortable(head);
      for (const entry of this.entries) this.makeOpenable(entry);
      if (this.controls) this.connectControls();
    }

    // Up, down, and back to the order that the page came in.
    makeSortable(head) {
      const button = document.createElement("button");
      button.type = "button";
      button.append(...head.childNodes);
      head.append(button);
      head.setAttribute("aria-sort", "none");
      head.setAttribute("aria-sort", "none");
      const up = head.dataset.sort !== "number";
      const orders = up ? ["ascending", "descending", "none"] : ["descending", "ascending", "none"];
      button.addEventListener("click", () => {
        const next = orders[(orders.indexOf(head.getAttribute("aria-sort")) + 1) % orders.length];
        for (const other of this.heads) other.setAttribute("aria-sort", other === head ? next : "none");
        this.sort(head.cellIndex, next);
      });
    }

    sort(column, order) {
      this.entries = [...this.original];
      if (order !== "none") {
        const sign = order === "ascending" ? 1 : -1;
        const keys = new Map(this.entries.map((entry) => [entry, key(entry.row.cells[column])]));
        this.entries.sort((a, b) => compare(keys.get(a), keys.get(b), sign));
      }
      this.body.append(...this.entries.flatMap(({ row, more }) => (more ? [row, more] : [row])));
    }

    makeOpenable(entry) {
      byRow.set(entry.row, { table: this, entry });
      if (!entry.more) return;
      byRow.set(entry.more, { table: this, entry });
      entry.row.addEventListener("click", (event) => {
        const selecting = event.detail > 0 && String(getSelection()); // not when a key pressed the button
        if (event.target.closest("a") || selecting) return;
        this.open(entry, !entry.open);
      });
    }

    open(entry, open) {
      entry.open = open;
      one("[aria-expanded]", entry.row)?.setAttribute("aria-expanded", String(open));
      this.show();
    }

    connectControls() {
      this.search = one("input[type=search]", this.controls);
      this.search?.addEventListener("input", () => this.read());
      for (const chip of all(".chip", this.controls)) {
        chip.addEventListener("click", () => this.press(chip));
      }
      one(".clear", this.controls)?.addEventListener("click", () => {
        this.clear();
        this.search?.focus();
      });
      if (this.search?.value) this.read(); // a browser may keep what was typed over a reload
    }

    read() {
      this.wanted.words = this.search.value.toLowerCase().split(/\s+/).filter(Boolean);
      this.show();
    }

    press(chip) {
      const { group, value } = chip.dataset;
      this.wanted.groups[group] = value;
      for (const other of all(`.chip[data-group="${group}"]`, this.controls)) {
        other.setAttribute("aria-pressed", String(other.dataset.value === value));
      }
      this.show();
    }

    clear() {
      if (this.search) this.search.value = "";
      this.wanted.words = [];
      for (const chip of all('.chip[data-value=""]', this.controls ?? this.table)) this.press(chip);
      this.show();
    }

    matches(entry) {
      const { words, groups } = this.wanted;
      if (words.length) entry.text ??= (entry.row.dataset.text ?? entry.row.textContent).toLowerCase();
      return (
        words.every((word) => entry.text.includes(word)) &&
        Object.entries(groups).every(([group, value]) => !value || entry.row.dataset[group] === value)
      );
    }

    show() {
      let shown = 0;
      for (const entry of this.entries) {
        const match = this.matches(entry);
        entry.row.hidden = !match;
        if (entry.more) entry.more.hidden = !match || !entry.open;
        shown += match;
      }
      const total = this.entries.length;
      const partial = shown !== total;
      this.table.classList.toggle("filtered", partial);
      if (!this.controls) return;
      const output = one("output", this.controls);
      if (output) output.textContent = partial ? `${shown} of ${total} ${this.controls.dataset.noun}` : "";
      const filtering = this.wanted.words.length || Object.values(this.wanted.groups).some(Boolean);
      const clear = one(".clear", this.controls);
      if (clear) clear.hidden = !filtering;
    }
  }

  for (const table of all("table.sortable")) if (table.tBodies[0]) new SortedTable(table);

  // A link leads to what it names, wherever that is folded away: in a closed card, a row's details, behind a filter.
  const named = (fragment) => {
    try {
      return document.getElementById(decodeURIComponent(fragment));
    } catch {
      return null; // not a fragment that this page ever wrote
    }
  };
  const reveal = () => {
    const target = named(location.hash.slice(1));
    if (!target) return;
    for (let at = target; at; at = at.parentElement) {
      if (at.tagName === "DETAILS") at.open = true;
      const found = byRow.get(at);
      if (found) {
        if (found.entry.row.hidden) found.table.clear();
        if (found.entry.more) found.table.open(found.entry, true);
      }
    }
    target.scrollIntoView();
  };
  addEventListener("hashchange", reveal);
  document.addEventListener("click", (event) => {
    const link = event.target.closest('a[href^="#"]');
    if (link && link.hash === location.hash) reveal(); // the same address again is no change of it
  });
  reveal();
})();
