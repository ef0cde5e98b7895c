// A4 is narrower than most windows: figures are drawn anew for it, 660 CSS pixels wide.
(() => {
  const all = () => document.querySelectorAll('.js-plotly-plot');
  addEventListener('beforeprint', () => all().forEach(
    plot => Plotly.relayout(plot, {width: 660, autosize: false})));
  addEventListener('afterprint', () => all().forEach(
    plot => Plotly.relayout(plot, {width: null, autosize: true})));
})();
