// The look of all explorables.

// One colour for each concept, as in relucones.plots.style; lighter on a dark page.
export const STYLE = `
.explorable {
  --positive: #009E73; --negative: #CC79A7; --good: #0072B2; --spurious: #D55E00;
  --gaussian: #E69F00; --counting: #0072B2; --dual: #8C5109; --cone: #56B4E9;
  --point: #222222; --wall: #888888;
  --ink: #222222; --soft: #5f5f5f; --line: #cfcfcf; --panel: #ffffff; --accent: #0f5cc4;
  display: block; margin: 1rem 0 1.5rem; padding: .75rem; border: 1px solid var(--line);
  border-radius: .4rem; background: var(--panel); color: var(--ink); line-height: 1.35;
}
html[data-theme="dark"] .explorable {
  --positive: #2fc79b; --negative: #e6a3c8; --good: #6cb8ee; --spurious: #ff9c5b;
  --gaussian: #f2bd4b; --counting: #6cb8ee; --dual: #d9a566; --cone: #56B4E9;
  --point: #e8e8e8; --wall: #8d8d8d;
  --ink: #e8e8e8; --soft: #b3b3b3; --line: #4b4f55; --panel: #16191d; --accent: #7fb2f5;
}
.explorable svg { display: block; width: 100%; height: auto;
  user-select: none; -webkit-user-select: none; }
.explorable svg text { fill: var(--ink); font: 12px system-ui, sans-serif; }
.explorable svg text.soft { fill: var(--soft); }
.explorable .panels { display: grid; gap: .5rem 1rem; align-items: start;
  grid-template-columns: repeat(auto-fit, minmax(min(100%, max(18.5rem, 40%)), 1fr)); }
.explorable .panels .whole { grid-column: 1 / -1; }
.explorable .panels > figure { margin: 0; padding: 0; min-width: 0; }
.explorable .panels figcaption { font-size: .85rem; color: var(--soft);
  margin: 0 0 .25rem; padding: 0; text-align: start; }
.explorable [role=slider] { cursor: grab; touch-action: none; }
.explorable [role=slider]:active { cursor: grabbing; }
.explorable [role=slider]:focus { outline: none; }
.explorable [role=slider] .ring { fill: none; stroke: transparent; stroke-width: 2.5; }
.explorable [role=slider]:focus .ring { stroke: var(--accent); }
.explorable .controls { display: grid; grid-template-columns: max-content minmax(4rem, 1fr) 3.3rem;
  gap: .25rem .6rem; align-items: center; margin: .25rem 0 .5rem; font-size: .9rem; }
.explorable .controls label { margin: 0; }
.explorable .controls output, .explorable dd { font-variant-numeric: tabular-nums; }
.explorable input[type=range] { accent-color: var(--accent); width: 100%; min-width: 0;
  height: 1.9rem; margin: 0; }
.explorable .buttons { display: flex; flex-wrap: wrap; gap: .5rem; margin: .5rem 0; }
.explorable button { min-height: 1.9rem; padding: .1rem .7rem; border: 1px solid var(--accent);
  border-radius: .3rem; background: transparent; color: var(--ink); font: inherit;
  font-size: .9rem; cursor: pointer; }
.explorable button:hover { background: color-mix(in srgb, var(--accent) 15%, transparent); }
.explorable button:disabled { opacity: .45; cursor: default; }
.explorable :is(button, input):focus-visible {
  outline: 2px solid var(--accent); outline-offset: 2px; }
.explorable .help { margin: .5rem 0 0; font-size: .85rem; color: var(--soft); }
.explorable dl.numbers { display: grid; gap: .35rem 1rem; margin: .5rem 0 0; padding: 0;
  grid-template-columns: repeat(auto-fill, minmax(min(100%, 6.8rem), 1fr)); }
.explorable .numbers div { min-width: 0; }
.explorable dl.numbers dt { font-weight: 400; font-size: .8rem; color: var(--soft);
  margin: 0; padding: 0; }
.explorable dl.numbers dd { margin: 0; padding: 0; font-size: 1rem; overflow-wrap: anywhere; }
.explorable .swatch { display: inline-block; width: 1.1em; border-top: 3px solid;
  margin-inline-end: .35em; vertical-align: .25em; }
.explorable .swatch.dashed { border-top-style: dashed; }
.explorable .said { position: absolute; width: 1px; height: 1px; margin: -1px; overflow: hidden;
  clip-path: inset(50%); white-space: nowrap; }
@media (max-width: 30rem) {
  .explorable { padding: .5rem; }
}
@media print { .explorable :is(.controls, .buttons, .help) { display: none; } }
`;
