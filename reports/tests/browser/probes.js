// What a page looks like to a reader: where each text stands, what hides it, what it stands out from.
(() => {
  const seen = (element) => element.checkVisibility({ opacityProperty: true, visibilityProperty: true });

  // Text nodes that are drawn, each with its element; a script, a style or a closed card has none.
  const textNodes = () => {
    const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
    const found = [];
    while (walker.nextNode()) {
      const node = walker.currentNode;
      if (node.data.trim() && seen(node.parentElement) && !node.parentElement.closest(".skip, script, style")) found.push(node);
    }
    return found;
  };

  const boxesOf = (node) => {
    const range = document.createRange();
    range.selectNodeContents(node);
    return [...range.getClientRects()].filter((box) => box.width > 0.5 && box.height > 0.5);
  };

  const clips = (value) => value === "hidden" || value === "clip";
  const scrolls = (value) => value === "auto" || value === "scroll";

  // Why a box is not all there to be read: an ancestor cuts it off, or the page ends before it. What scrolls may.
  const cutBy = (box, element) => {
    const slack = 1.5;
    for (let at = element; at && at !== document.body; at = at.parentElement) {
      const style = getComputedStyle(at);
      const frame = at.getBoundingClientRect();
      const across = box.left < frame.left - slack || box.right > frame.right + slack;
      const down = box.top < frame.top - slack || box.bottom > frame.bottom + slack;
      if ((clips(style.overflowX) && across) || (clips(style.overflowY) && down)) {
        return `${at.tagName.toLowerCase()}.${at.getAttribute("class") ?? ""}`;
      }
      if (scrolls(style.overflowX) || scrolls(style.overflowY)) return "";
    }
    return box.left < -slack || box.right > document.documentElement.clientWidth + slack ? "page" : "";
  };

  const texts = () =>
    textNodes().flatMap((node) =>
      boxesOf(node).map((box) => ({
        text: node.data.trim().slice(0, 60),
        left: box.left + scrollX,
        right: box.right + scrollX,
        top: box.top + scrollY,
        bottom: box.bottom + scrollY,
        cut: cutBy(box, node.parentElement),
        outOfSight: hiddenByScrolling(box, node.parentElement),
      })),
    );

  // Inside a box that scrolls, further down or to the right: it may lie "under" what follows the box.
  const hiddenByScrolling = (box, element) => {
    for (let at = element; at && at !== document.body; at = at.parentElement) {
      const style = getComputedStyle(at);
      if (!scrolls(style.overflowX) && !scrolls(style.overflowY)) continue;
      const frame = at.getBoundingClientRect();
      if (box.right > frame.right || box.bottom > frame.bottom || box.top < frame.top) return true;
    }
    return false;
  };

  // Colours, as the browser paints them onto a canvas: [red, green, blue, alpha] from 0 to 255.
  const canvas = document.createElement("canvas").getContext("2d", { willReadFrequently: true });
  const known = new Map();
  const colour = (css) => {
    if (!known.has(css)) {
      canvas.clearRect(0, 0, 1, 1);
      canvas.fillStyle = css;
      canvas.fillRect(0, 0, 1, 1);
      known.set(css, [...canvas.getImageData(0, 0, 1, 1).data]);
    }
    return known.get(css);
  };

  const over = (top, below) => {
    const share = top[3] / 255;
    return [0, 1, 2].map((at) => top[at] * share + below[at] * (1 - share)).concat(255);
  };

  const background = (element) => {
    const layers = [];
    for (let at = element; at; at = at.parentElement) {
      const paint = colour(getComputedStyle(at).backgroundColor);
      if (paint[3]) layers.push(paint);
      if (paint[3] === 255) break;
    }
    return layers.reduceRight((below, top) => over(top, below), colour("Canvas"));
  };

  // Luminance and contrast ratio of WCAG 2.
  const luminance = ([red, green, blue]) => {
    const [r, g, b] = [red, green, blue].map((value) => {
      const share = value / 255;
      return share <= 0.04045 ? share / 12.92 : ((share + 0.055) / 1.055) ** 2.4;
    });
    return 0.2126 * r + 0.7152 * g + 0.0722 * b;
  };
  const ratio = (a, b) => {
    const [low, high] = [luminance(a), luminance(b)].sort((x, y) => x - y);
    return (high + 0.05) / (low + 0.05);
  };

  const contrasts = () => {
    const found = new Map();
    const add = (text, where, ink, paper) => {
      const key = `${where} ${ink} ${paper}`;
      const paint = colour(ink);
      const value = ratio(over(paint, paper), paper);
      if (!found.has(key)) found.set(key, { text, where, ink, paper: `${paper.map(Math.round)}`, ratio: value });
    };
    for (const node of textNodes()) {
      const element = node.parentElement;
      const style = getComputedStyle(element);
      const where = `${element.tagName.toLowerCase()}.${element.getAttribute("class") ?? ""}`;
      const drawn = element instanceof SVGElement;
      const paper = background(element);
      const ink = drawn ? style.fill : style.color;
      let opacity = 1;
      for (let at = element; at; at = at.parentElement) opacity *= Number(getComputedStyle(at).opacity);
      const faded = [...colour(ink).slice(0, 3), colour(ink)[3] * opacity];
      add(node.data.trim().slice(0, 60), where, `rgba(${faded[0]}, ${faded[1]}, ${faded[2]}, ${faded[3] / 255})`, paper);
      const stripe = drawn && element.closest("svg").querySelector(".stripe");
      if (stripe) add(node.data.trim().slice(0, 60), `${where} on a stripe`, ink, colour(getComputedStyle(stripe).fill));
    }
    for (const input of document.querySelectorAll("input[placeholder]")) {
      if (seen(input)) add(input.placeholder, "placeholder", getComputedStyle(input, "::placeholder").color, background(input));
    }
    return [...found.values()];
  };

  // Large areas that print as a block of ink.
  const darkAreas = () =>
    [document.documentElement, ...document.querySelectorAll("body, body *")]
      .filter((element) => seen(element) && !(element instanceof SVGElement && element.tagName !== "svg"))
      .filter((element) => {
        const box = element.getBoundingClientRect();
        const paint = colour(getComputedStyle(element).backgroundColor);
        return box.width > 200 && box.height > 30 && paint[3] > 128 && luminance(paint) < 0.5;
      })
      .map((element) => `${element.tagName.toLowerCase()}.${element.getAttribute("class") ?? ""}`);

  window.probes = { texts, contrasts, darkAreas };
})();
