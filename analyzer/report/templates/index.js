
(function () {
  "use strict";
  const body = document.querySelector("#calls tbody");
  const heads = Array.from(document.querySelectorAll("#calls th"));
  const filter = document.getElementById("filter");
  const shown = document.getElementById("shown");
  const collator = new Intl.Collator(undefined, { numeric: true, sensitivity: "base" });

  function sort(column) {
    const head = heads[column];
    const number = head.dataset.kind === "number";
    const before = head.getAttribute("aria-sort");
    const down = before ? before === "ascending" : number;
    heads.forEach((one) => one.removeAttribute("aria-sort"));
    head.setAttribute("aria-sort", down ? "descending" : "ascending");
    const key = (row) => row.cells[column].dataset.sort;
    const compare = number ? (a, b) => key(a) - key(b) : (a, b) => collator.compare(key(a), key(b));
    const rows = Array.from(body.rows).sort((a, b) => (down ? compare(b, a) : compare(a, b)));
    body.append(...rows);
  }

  function narrow() {
    const words = filter.value.toLowerCase().split(/\s+/).filter(Boolean);
    let count = 0;
    for (const row of body.rows) {
      const text = row.textContent.toLowerCase();
      row.hidden = !words.every((word) => text.includes(word));
      if (!row.hidden) count += 1;
    }
    shown.textContent = count + " of " + body.rows.length + (body.rows.length === 1 ? " call" : " calls");
  }

  heads.forEach((head, column) => head.querySelector("button").addEventListener("click", () => sort(column)));
  filter.addEventListener("input", narrow);
})();
