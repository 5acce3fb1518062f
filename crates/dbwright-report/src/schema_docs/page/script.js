"use strict";
(() => {
  const sections = [...document.querySelectorAll("[data-page]")];
  const entries = [...document.querySelectorAll("#entries li")];
  const search = document.getElementById("search");
  const nothing = document.getElementById("nothing");
  document.body.classList.add("scripted");

  function show() {
    const wanted = decodeURIComponent(location.hash.slice(1));
    const section = sections.find((section) => section.id === wanted) || sections[0];
    for (const other of sections) other.classList.toggle("shown", other === section);
    for (const entry of entries) {
      const here = entry.querySelector("a").getAttribute("href") === "#" + section.id;
      entry.classList.toggle("here", here);
      if (here) entry.scrollIntoView({ block: "nearest" });
    }
    if (wanted) section.scrollIntoView();
    else window.scrollTo(0, 0);
  }

  function find() {
    const words = search.value.trim().toLowerCase();
    let found = 0;
    for (const entry of entries) {
      const name = entry.dataset.name.toLowerCase();
      const columns = entry.dataset.columns.split("\n").filter((column) => words && column.toLowerCase().includes(words));
      const is = name.includes(words) || columns.length > 0;
      entry.hidden = !is;
      entry.querySelector(".hit").textContent = columns.slice(0, 4).join(", ") + (columns.length > 4 ? ", …" : "");
      found += is ? 1 : 0;
    }
    nothing.hidden = found > 0;
  }

  search.addEventListener("input", find);
  search.addEventListener("keydown", (event) => {
    if (event.key === "Escape") {
      search.value = "";
      find();
    }
    if (event.key === "Enter") {
      const words = search.value.trim().toLowerCase();
      const visible = entries.filter((entry) => !entry.hidden);
      const first = visible.find((entry) => entry.dataset.name.toLowerCase() === words) || visible[0];
      if (first) location.hash = first.querySelector("a").getAttribute("href");
    }
  });
  document.addEventListener("keydown", (event) => {
    if (event.key === "/" && document.activeElement !== search) {
      event.preventDefault();
      search.focus();
    }
  });
  const bundles = [...document.querySelectorAll(".bundle")];
  for (const group of document.querySelectorAll(".group")) {
    const light = (on) => {
      for (const bundle of bundles) {
        const touches = bundle.dataset.from === group.dataset.group || bundle.dataset.to === group.dataset.group;
        bundle.classList.toggle("lit", on && touches);
      }
    };
    group.addEventListener("mouseenter", () => light(true));
    group.addEventListener("mouseleave", () => light(false));
  }
  window.addEventListener("hashchange", show);
  show();
})();
