// The one module of the pages: it looks for explorables and loads the code of those that come near.

const explorables = {
  "cone-explorer": () => import("./cone-explorer.mjs"),
};

const NEAR = "600px"; // below or above the part of the page that is seen

for (const [name, load] of Object.entries(explorables)) {
  const elements = document.querySelectorAll(name);
  if (!elements.length) continue;
  const watch = new IntersectionObserver(
    (entries) => {
      if (!entries.some((entry) => entry.isIntersecting)) return;
      watch.disconnect();
      load().catch((error) => console.error(error)); // the fallback stays
    },
    { rootMargin: NEAR },
  );
  elements.forEach((element) => watch.observe(element));
}
