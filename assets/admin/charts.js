// Small charts as SVG, readable without colours and by a screen reader.

const SPACE = "http://www.w3.org/2000/svg";

function svg(name, about = {}) {
  const element = document.createElementNS(SPACE, name);
  for (const [key, value] of Object.entries(about)) element.setAttribute(key, value);
  return element;
}

// Bars of equal width; `label` says what they are in words.
export function bars(values, label) {
  const [width, height] = [values.length * 10, 100];
  const most = Math.max(1, ...values);
  const chart = svg("svg", { viewBox: `0 0 ${width} ${height}`, preserveAspectRatio: "none", role: "img", class: "bars" });
  const title = svg("title");
  title.textContent = label;
  chart.append(title);
  values.forEach((value, n) => {
    const tall = value ? Math.max(2, (value / most) * height) : 0.5;
    chart.append(svg("rect", { x: n * 10 + 1, y: height - tall, width: 8, height: tall, class: value ? "bar" : "none" }));
  });
  return chart;
}

// For each stage the median, and behind it how far the slow ones reach.
export function stages(rows) {
  const [row, name, width] = [22, 110, 400];
  const most = Math.max(1, ...rows.map((stage) => stage.p95_ms));
  const chart = svg("svg", { viewBox: `0 0 ${width} ${rows.length * row}`, role: "img", class: "stages" });
  const title = svg("title");
  title.textContent = rows.map((stage) => `${stage.stage}: half within ${told(stage.p50_ms)}, 95 of 100 within ${told(stage.p95_ms)}`).join("; ");
  chart.append(title);
  rows.forEach((stage, n) => {
    const [y, long] = [n * row, (ms) => Math.max(1, (ms / most) * (width - name - 110))];
    const text = (x, words) => {
      const element = svg("text", { x, y: y + 15 });
      element.textContent = words;
      return element;
    };
    chart.append(
      text(0, stage.stage),
      svg("rect", { x: name, y: y + 6, width: long(stage.p95_ms), height: 10, rx: 2, class: "slow" }),
      svg("rect", { x: name, y: y + 6, width: long(stage.p50_ms), height: 10, rx: 2, class: "bar" }),
      text(name + long(stage.p95_ms) + 6, `${told(stage.p50_ms)} · ${told(stage.p95_ms)}`),
    );
  });
  return chart;
}

const told = (ms) => (ms < 995 ? `${Math.round(ms)} ms` : `${(ms / 1000).toFixed(1)} s`);
