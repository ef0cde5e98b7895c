// Plotly's script is packed in the page; browsers since 2023 unpack it.
(async () => {
  const packed = atob(document.getElementById('plotly').textContent);
  const bytes = Uint8Array.from(packed, letter => letter.charCodeAt(0));
  const plain = new Blob([bytes]).stream().pipeThrough(new DecompressionStream('gzip'));
  const script = document.createElement('script');
  script.textContent = await new Response(plain).text();
  document.head.append(script);
  for (const drawn of figures) Plotly.newPlot(...drawn);
  document.body.dataset.drawn = figures.length;
})();
// A4 is narrower than most windows: figures are drawn anew for it, 660 CSS pixels wide.
(() => {
  const all = () => document.querySelectorAll('.js-plotly-plot');
  addEventListener('beforeprint', () => all().forEach(
    plot => Plotly.relayout(plot, {width: 660, autosize: false})));
  addEventListener('afterprint', () => all().forEach(
    plot => Plotly.relayout(plot, {width: null, autosize: true})));
})();
