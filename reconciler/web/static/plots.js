// Draws the measurements of each metric into its figure, and again when the page has brought new ones.
"use strict";

const drawn = new WeakMap(); // figure -> { text, plot }
const HEIGHT = 170;
const LEAST_SECONDS = 10;
const TONES = { Successful: "--good", Failed: "--bad", Error: "--bad", Inconclusive: "--held" };

function colour(name) {
  return getComputedStyle(document.documentElement).getPropertyValue(name).trim();
}

function columns({ times, values }) {
  return [times, ...(values.length ? values : [times.map(() => null)])];
}

// The range has room for the thresholds: a value that is far from its limit should look so.
function range(limits) {
  return (plot, low, high) => {
    const all = [...limits, low, high].filter((value) => value !== null && Number.isFinite(value));
    const least = Math.min(0, ...all);
    const most = Math.max(...all, least);
    const room = (most - least) * 0.08 || 1;
    return [least < 0 ? least - room : least, most + room];
  };
}

// So wide that marks on the axis are different seconds. Of one measurement the library itself would show years.
function span(plot, low, high) {
  const [first = low, last = high] = [plot.data[0][0], plot.data[0].at(-1)];
  const missing = Math.max(0, LEAST_SECONDS - (last - first)) / 2;
  return [first - missing, last + missing];
}

// Success is labelled at the left end and failure at the right one, each with dashes of its own: both are seen even where
// they are one line, and by those who do not tell red from green.
const LIMITS = {
  success: { tone: "--good", dashes: [8, 4], align: "left" },
  failure: { tone: "--bad", dashes: [2, 4], align: "right" },
};

function thresholds(limits) {
  return (plot) => {
    const { ctx, bbox } = plot;
    const edge = { left: bbox.left + 4 * devicePixelRatio, right: bbox.left + bbox.width };
    ctx.save();
    ctx.font = `${11 * devicePixelRatio}px system-ui, sans-serif`;
    ctx.textBaseline = "bottom";
    for (const { value, of } of limits) {
      const { tone, dashes, align } = LIMITS[of];
      const y = Math.round(plot.valToPos(value, "y", true));
      ctx.strokeStyle = ctx.fillStyle = colour(tone);
      ctx.setLineDash(dashes.map((length) => length * devicePixelRatio));
      ctx.textAlign = align;
      ctx.beginPath();
      ctx.moveTo(bbox.left, y);
      ctx.lineTo(bbox.left + bbox.width, y);
      ctx.stroke();
      ctx.fillText(`${of} ${Number(value.toPrecision(6))}`, edge[align], y - 2 * devicePixelRatio);
    }
    ctx.restore();
  };
}

// Each measurement in the colour of its verdict; one without a number is a cross on the axis.
function verdicts(phases) {
  return (plot) => {
    const { ctx } = plot;
    const size = 4 * devicePixelRatio;
    ctx.save();
    phases.forEach((phase, at) => {
      ctx.fillStyle = ctx.strokeStyle = colour(TONES[phase] || "--busy");
      const x = plot.valToPos(plot.data[0][at], "x", true);
      const values = plot.data.slice(1).map((column) => column[at]).filter((value) => value !== null && value !== undefined);
      for (const value of values) {
        ctx.beginPath();
        ctx.arc(x, plot.valToPos(value, "y", true), size, 0, 2 * Math.PI);
        ctx.fill();
      }
      if (!values.length) {
        const y = plot.valToPos(plot.scales.y.min, "y", true);
        ctx.lineWidth = 2 * devicePixelRatio;
        ctx.beginPath();
        ctx.moveTo(x - size, y - size);
        ctx.lineTo(x + size, y + size);
        ctx.moveTo(x + size, y - size);
        ctx.lineTo(x - size, y + size);
        ctx.stroke();
      }
    });
    ctx.restore();
  };
}

function clock(plot, times) {
  return times.map((time) => new Date(time * 1000).toLocaleTimeString([], { hour12: false }));
}

function options(figure, data) {
  const axis = { stroke: colour("--soft"), grid: { stroke: colour("--line"), width: 1 }, ticks: { show: false } };
  const lines = columns(data).slice(1).map(() => ({ stroke: colour("--soft"), width: 1.5, points: { show: false } }));
  return {
    width: figure.clientWidth,
    height: HEIGHT,
    padding: [null, 30, null, null],
    legend: { show: false },
    cursor: { y: false },
    scales: { x: { time: true, range: span }, y: { range: range(data.thresholds.map(({ value }) => value)) } },
    axes: [{ ...axis, space: 90, values: clock }, { ...axis, size: 64 }],
    series: [{}, ...lines],
    hooks: { draw: [thresholds(data.thresholds), verdicts(data.phases)] },
  };
}

function draw(figure, anew = false) {
  const text = figure.dataset.plot;
  const known = drawn.get(figure);
  if (known && known.text === text && !anew) return;
  if (known) known.plot.destroy();
  const data = JSON.parse(text);
  drawn.set(figure, { text, plot: new uPlot(options(figure, data), columns(data), figure) });
}

function drawAll(anew = false) {
  for (const figure of document.querySelectorAll("figure.plot")) draw(figure, anew);
}

drawAll();
document.addEventListener("refreshed", () => drawAll());
matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => drawAll(true));
let resizing;
addEventListener("resize", () => {
  clearTimeout(resizing);
  resizing = setTimeout(() => drawAll(true), 150);
});
