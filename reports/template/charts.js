// What protection costs, against memory: both axes logarithmic, a line for each setting, medians over everything else.

const chart = { width: 440, height: 290, left: 52, right: 12, top: 12, bottom: 34 };

/** What tells the lines apart unless the reader chooses: kernel and rodata where they differ, else the first that does. */
function lineDimensions() {
  const axes = dimensions.filter((dimension) => !dimension.outcome && dimension.name !== 'memory');
  if (view.lines) return axes.filter((axis) => view.lines.includes(axis.name));
  const usual = axes.filter((axis) => axis.name === 'kernel' || axis.name === 'rodata');
  return usual.length > 0 ? usual : axes.slice(0, 1);
}

/** Kernels and rodata go without saying; a bare 1 or 256M would tell nothing. */
function lineWord(dimension, value) {
  return dimension.name === 'kernel' || dimension.name === 'rodata' ? value : `${dimension.name}=${valueName(dimension, value)}`;
}

/** [{name, points: [[memory, median]…]}], in the order in which the run has them. */
function chartLines(some, valueOf) {
  const names = lineDimensions();
  const lines = new Map();
  for (const cell of some) {
    const value = valueOf(cell);
    if (value === null) continue;
    const name = names.map((dimension) => lineWord(dimension, dimension.of(cell))).join(' ') || 'all cells';
    if (!lines.has(name)) lines.set(name, new Map());
    const byMemory = lines.get(name);
    if (!byMemory.has(cell.memory)) byMemory.set(cell.memory, []);
    byMemory.get(cell.memory).push(value);
  }
  return [...lines].map(([name, byMemory]) => ({ name,
    points: [...byMemory].sort((a, b) => a[0] - b[0]).map(([memory, values]) => [memory, median(values)]) }));
}

/** Where an axis has its marks: powers, and what lies between them when there are few. */
function logTicks(least, most, base) {
  const ticks = [];
  const between = base === 10 ? [1, 2, 5] : [1, 2, 4, 8];
  for (let power = base ** Math.floor(Math.log(least) / Math.log(base)); power <= most; power *= base)
    for (const factor of between) if (power * factor >= least * 0.999 && power * factor <= most * 1.001) ticks.push(power * factor);
  const decades = ticks.filter((tick) => { const power = Math.log(tick) / Math.log(base); return Math.abs(power - Math.round(power)) < 1e-6; });
  return ticks.length > 7 && decades.length > 1 ? decades : ticks;
}

/** Functions from values to the page, and the marks of the vertical axis. */
function scales(lines, unit) {
  const points = lines.flatMap((line) => line.points);
  const xs = [...new Set(points.map(([memory]) => memory))].sort((a, b) => a - b);
  const [x0, x1] = [Math.log(xs[0]), Math.log(xs[xs.length - 1])];
  const inner = chart.width - chart.left - chart.right - 16;
  const x = (memory) => chart.left + 8 + (x1 > x0 ? ((Math.log(memory) - x0) / (x1 - x0)) * inner : inner / 2);
  const ys = points.map(([, value]) => value).filter((value) => value > 0);
  const linear = unit === 'share' || ys.length === 0;
  const low = linear ? 0 : Math.min(...ys) / 1.25;
  const high = linear ? 1 : Math.max(...ys) * 1.25;
  const inside = chart.height - chart.top - chart.bottom;
  const share = (value) => (linear ? (value - low) / (high - low) : (Math.log(Math.max(value, low)) - Math.log(low)) / (Math.log(high) - Math.log(low)));
  const y = (value) => chart.top + (1 - share(value)) * inside;
  return { x, y, xs, linear, ticks: linear ? [0, 0.25, 0.5, 0.75, 1] : logTicks(low, high, unit === 'bytes' ? 16 : 10) };
}

function axesOf(scale, unit) {
  const bottom = chart.height - chart.bottom;
  let edge = -Infinity; // labels that would touch the one before are left out
  const xLabels = scale.xs.map((memory) => {
    const at = scale.x(memory);
    const text = showBytes(memory);
    const fits = at - edge > 7 * text.length + 2;
    if (fits) edge = at;
    return [svg('line', { x1: at, x2: at, y1: chart.top, y2: bottom, class: 'grid' }),
      fits && svg('text', { x: at, y: bottom + 16, 'text-anchor': 'middle' }, text)];
  });
  const yLabels = scale.ticks.map((tick) => [
    svg('line', { x1: chart.left, x2: chart.width - chart.right, y1: scale.y(tick), y2: scale.y(tick), class: 'grid' }),
    svg('text', { x: chart.left - 6, y: scale.y(tick) + 4, 'text-anchor': 'end' }, tickText(unit, tick))]);
  return svg('g', { class: 'axes' }, xLabels, yLabels,
    svg('text', { x: chart.width - chart.right, y: bottom + 30, 'text-anchor': 'end', class: 'quiet' }, 'memory'));
}

function tickText(unit, tick) {
  if (unit === 'seconds') return `${Number(tick.toPrecision(2))} s`;
  return show(unit, unit === 'count' ? Math.round(tick) : tick);
}

/** Lines on top of each other share the way: each has its dashes where the others have gaps. */
function dashes(lines, scale) {
  const near = (a, b) => a.points.every(([memory, value]) => {
    const other = b.points.find(([m]) => m === memory);
    return !other || Math.abs(scale.y(value) - scale.y(other[1])) < 3;
  });
  const bundles = [];
  for (const line of lines) {
    const bundle = bundles.find(([first]) => near(first, line));
    if (bundle) bundle.push(line); else bundles.push([line]);
  }
  const dash = 9;
  return lines.map((line) => {
    const bundle = bundles.find((each) => each.includes(line));
    return bundle.length === 1 ? {} : { 'stroke-dasharray': `${dash} ${dash * (bundle.length - 1)}`, 'stroke-dashoffset': -dash * bundle.indexOf(line) };
  });
}

function drawnLine(line, i, dash, scale, unit) {
  const places = line.points.map(([memory, value]) => [scale.x(memory), scale.y(value)]);
  return svg('g', { class: `line s${i % 8}`, 'data-line': i },
    svg('polyline', { points: places.map((place) => place.join(',')).join(' '), ...dash }),
    places.map(([x, y], k) => svg('circle', { cx: x, cy: y, r: 3.2 },
      svg('title', {}, `${line.name}, ${showBytes(line.points[k][0])}: ${show(unit, line.points[k][1])}`))));
}

function legendOf(lines, drawing) {
  const light = (i) => {
    drawing.classList.toggle('lit', i !== null);
    for (const group of drawing.querySelectorAll('.line')) group.classList.toggle('on', group.dataset.line === String(i));
  };
  return el('ul', { class: 'legend' }, lines.map((line, i) => el('li', {}, el('button', { type: 'button',
    class: `s${i % 8}`, onmouseenter: () => light(i), onmouseleave: () => light(null),
    onfocus: () => light(i), onblur: () => light(null) }, el('span', { class: 'swatch' }), line.name))));
}

function figureTable(lines, unit) {
  const memories = [...new Set(lines.flatMap((line) => line.points.map(([memory]) => memory)))].sort((a, b) => a - b);
  return el('div', { class: 'scroll' }, table(['', ...memories.map(showBytes)], lines.map((line) => [line.name,
    ...memories.map((memory) => { const point = line.points.find(([m]) => m === memory); return point ? show(unit, point[1]) : ''; })]), { class: 'numbers' }));
}

/** With one memory size a line is a point: bars tell more. */
function barsOf(lines, unit) {
  const most = Math.max(...lines.map((line) => line.points[0][1]));
  return el('ul', { class: 'bars' }, lines.map((line, i) => el('li', {}, el('span', {}, line.name),
    el('span', { class: `bar s${i % 8}`, style: `width:${most > 0 ? (line.points[0][1] / most) * 55 : 0}%` }),
    el('b', {}, show(unit, line.points[0][1])))));
}

function costChart(some, { title, note, unit }, valueOf) {
  const lines = chartLines(some, valueOf);
  if (lines.length === 0) return null;
  const scale = scales(lines, unit);
  const head = [el('h3', {}, title), el('p', { class: 'quiet' }, note)];
  if (scale.xs.length < 2) return el('figure', { class: 'chart' }, head, barsOf(lines, unit));
  const dash = dashes(lines, scale);
  const drawing = svg('svg', { viewBox: `0 0 ${chart.width} ${chart.height}`, role: 'img', 'aria-label': `${title} against memory` },
    axesOf(scale, unit), lines.map((line, i) => drawnLine(line, i, dash[i], scale, unit)));
  return el('figure', { class: 'chart' }, head, drawing, legendOf(lines, drawing), folded('numbers', () => figureTable(lines, unit)));
}

/** Who is protected, of the whole run: what the costs are paid for. */
function protectionView() {
  const { title, note, columns, rows } = report.protection;
  if (rows.length === 0) return null;
  return [el('h3', {}, title), el('p', { class: 'quiet' }, note), el('div', { class: 'scroll' }, table(columns, rows, { class: 'protection' }))];
}

function costsView(some, changed) {
  const charts = (wanted) => report.figures.map((figure, i) => figure.matters === wanted &&
    costChart(some, figure, (cell) => cell.figures[i])).filter(Boolean);
  const main = charts(true);
  if (main.length === 0) return null;
  const axes = dimensions.filter((dimension) => !dimension.outcome && dimension.name !== 'memory');
  const used = lineDimensions();
  const choice = axes.length > 1 && el('fieldset', { class: 'row' }, el('legend', {}, 'a line for each'), axes.map((axis) =>
    el('label', { class: 'chip' }, el('input', { type: 'checkbox', checked: used.includes(axis), 'data-line-of': axis.name,
      onchange: (event) => {
        const names = new Set(lineDimensions().map((each) => each.name));
        if (event.target.checked) names.add(axis.name); else names.delete(axis.name);
        view.lines = [...names];
        changed();
      } }), el('span', {}, axis.name))));
  return [protectionView(), el('h3', {}, 'Costs by memory'), el('p', { class: 'quiet' }, 'Medians over everything that the lines do not tell apart; both axes are logarithmic but for shares.'),
    choice, el('div', { class: 'charts' }, main),
    folded('More figures', () => el('div', { class: 'charts' }, charts(false)), { id: 'more-figures' })];
}
