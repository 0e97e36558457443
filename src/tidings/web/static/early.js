// Runs before the first paint, so that a pinned theme or density never flashes or shifts the page.
(() => {
  const root = document.documentElement;
  root.dataset.scripted = "";
  try {
    for (const name of ["theme", "density"]) {
      const choice = localStorage.getItem(`tidings-${name}`);
      if (choice) root.dataset[name] = choice;
    }
  } catch {
    // Storage may be forbidden; the page is complete without it.
  }
})();
