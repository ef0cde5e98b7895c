"""How the page looks on a screen, on a phone and on paper."""

STYLE = """
:root { color-scheme: light; }
* { box-sizing: border-box; }
body { font: 16px/1.5 system-ui, sans-serif; color: #1f2933; max-width: 62rem; margin: 2rem auto;
  padding: 0 1.2rem; }
h1 { font-size: 1.6rem; line-height: 1.25; margin: 0 0 .3rem; }
h2 { font-size: 1.25rem; margin: 2.8rem 0 .4rem; padding-top: .9rem;
  border-top: 1px solid #cbd2d9; }
h3, figcaption { font-size: .95rem; font-weight: 600; margin: 1.6rem 0 .3rem; }
p { margin: .4rem 0 .8rem; max-width: 46rem; }
.lead { color: #52606d; }
.cards { display: grid; grid-template-columns: repeat(auto-fit, minmax(9.2rem, 1fr)); gap: .7rem;
  margin: 1.2rem 0; }
.card { border: 1px solid #e4e7eb; border-radius: .4rem; padding: .6rem .8rem; }
.card b { display: block; font-size: 1.4rem; font-variant-numeric: tabular-nums; }
.card span { color: #52606d; font-size: .82rem; line-height: 1.3; display: block; }
.wide { overflow-x: auto; }
table { border-collapse: separate; border-spacing: 0; width: 100%; font-size: .92rem;
  font-variant-numeric: tabular-nums; }
th, td { text-align: right; padding: .3rem .6rem; border-bottom: 1px solid #e4e7eb; }
td { white-space: nowrap; }
table.text th, table.text td { text-align: left; }
table.text td { white-space: normal; } table.text th { white-space: nowrap; min-width: 0; }
thead th { font-weight: 600; color: #52606d; vertical-align: bottom; border-color: #9aa5b1; }
tbody th { font-weight: 400; min-width: 7rem; }
th:first-child { text-align: left; padding-left: 0; position: sticky; left: 0; background: #fff; }
figure { margin: 0; break-inside: avoid; }
dl { display: grid; grid-template-columns: max-content 1fr; gap: .15rem 1rem; font-size: .85rem; }
dt { color: #52606d; } dd { margin: 0; overflow-wrap: anywhere; }
@media (hover: none) { .modebar-container { display: none; } }
@media (max-width: 34rem) {
  body { margin: 1rem auto; padding: 0 .9rem; font-size: 15px; }
  h1 { font-size: 1.35rem; }
  .cards { grid-template-columns: 1fr 1fr; gap: .5rem; }
  .card b { font-size: 1.2rem; }
  th, td { padding: .3rem .32rem; } tbody th { min-width: 5.6rem; }
  table { font-size: .84rem; }
  dl { grid-template-columns: 1fr; gap: 0; } dd { margin-bottom: .4rem; }
}
@media print {
  @page { size: A4; margin: 14mm; }
  html { font-size: 12px; } body { margin: 0; padding: 0; max-width: none; font-size: 12px; }
  .wide { overflow: visible; }
  .modebar-container { display: none; }
  h2, h3, figcaption { break-after: avoid; } tr, .card { break-inside: avoid; }
}
"""

PRINT = """
(() => {
  const all = () => document.querySelectorAll('.js-plotly-plot');
  addEventListener('beforeprint', () => all().forEach(
    plot => Plotly.relayout(plot, {width: 660, autosize: false})));
  addEventListener('afterprint', () => all().forEach(
    plot => Plotly.relayout(plot, {width: null, autosize: true})));
})();
"""
"""A4 is narrower than most windows: figures are drawn anew for it, 660 CSS pixels wide."""
