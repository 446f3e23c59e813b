// Which tests hit a line: the number beside it opens a row with their names, from one list that all lines share.
(() => {
  "use strict";
  const { tests, sets } = JSON.parse(document.getElementById("tests-of-lines").textContent);

  // Case n of the page is case `at` of test `of`.
  const cases = tests.flatMap(([, parameters], of) => parameters.map((_, at) => ({ of, at })));

  const numbersOf = (ranges) =>
    ranges
      .split(",")
      .filter(Boolean)
      .flatMap((part) => {
        const [first, last = first] = part.split("-").map(Number);
        return Array.from({ length: last - first + 1 }, (_, at) => first + at);
      });

  const element = (name, text, css = "") => {
    const made = document.createElement(name);
    made.textContent = text;
    if (css) made.className = css;
    return made;
  };

  const listOf = (ranges) => {
    const byTest = new Map();
    for (const number of numbersOf(ranges)) {
      const { of, at } = cases[number];
      byTest.set(of, [...(byTest.get(of) ?? []), at]);
    }
    const list = element("ul", "", "cases");
    for (const [of, chosen] of byTest) {
      const [test, parameters] = tests[of];
      const item = element("li", "");
      if (parameters.length === 1) {
        item.append(element("code", test + parameters[0]));
      } else {
        const more = element("details", "");
        const title = element("summary", "");
        title.append(element("code", test), ` ${chosen.length} of ${parameters.length} cases in this file`);
        more.append(title);
        for (const at of chosen) more.append(element("code", parameters[at] || test, "case"));
        item.append(more);
      }
      list.append(item);
    }
    return list;
  };

  document.addEventListener("click", (event) => {
    const button = event.target instanceof Element && event.target.closest("button.tests");
    if (!button) return;
    const row = button.closest("tr");
    const open = button.getAttribute("aria-expanded") === "true";
    button.setAttribute("aria-expanded", String(!open));
    if (open) {
      row.nextElementSibling.remove();
      return;
    }
    const added = element("tr", "", "tests-row");
    const cell = element("td", "");
    cell.colSpan = row.cells.length;
    cell.append(listOf(sets[button.dataset.set]));
    added.append(cell);
    row.after(added);
  });
})();
