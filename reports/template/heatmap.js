// The matrix over two of its dimensions: a square is all cells that share two values.

/** What colours the squares: the worst verdict, what changed since the baseline, or the median of a figure. */
function colourings() {
  const list = [{ name: 'verdict', title: 'verdict' }];
  if (report.baseline) list.push({ name: 'change', title: 'change since the baseline' });
  list.push({ name: 'seconds', title: 'duration of the cell', unit: 'seconds', of: (cell) => cell.seconds });
  report.figures.forEach((figure, i) => {
    if (cells.some((cell) => cell.figures[i] !== null))
      list.push({ name: figure.title, title: figure.title, unit: figure.unit, of: (cell) => cell.figures[i] });
  });
  return list;
}

function verdictSquare(some) {
  const bad = some.filter(isRed).length;
  const verdict = worst(some);
  const count = some.length === 1 ? '' : bad > 0 ? ` ${bad}/${some.length}` : ` ${some.length}`;
  return { class: `v-${verdict}`, text: glyphs[verdict] + count };
}

function changeSquare(some) {
  const kind = changeKinds.find((each) => some.some((cell) => changeOf(cell) === each));
  return { class: `c-${changeKinds.indexOf(kind)}`, text: kind };
}

/** A tone between the least and the most of all squares, on a logarithmic scale. */
function figureSquares(colouring, squares) {
  const values = squares.map((some) => some.map(colouring.of).filter((value) => value !== null));
  const medians = values.map((list) => (list.length > 0 ? median(list) : null));
  const logs = medians.filter((value) => value > 0).map(Math.log);
  const [least, most] = [Math.min(...logs), Math.max(...logs)];
  return medians.map((value) => {
    if (value === null) return { class: 'blank', text: '' };
    const tone = value <= 0 ? 0 : most > least ? (Math.log(value) - least) / (most - least) : 0.5;
    return { class: tone > 0.55 ? 'tone deep' : 'tone', text: show(colouring.unit, value), tone: tone.toFixed(3) };
  });
}

function heatmapTable(some, picked) {
  const [x, y] = [dimensionOf(view.x), dimensionOf(view.y)];
  const columns = x.values.filter((value) => some.some((cell) => x.of(cell) === value));
  const rows = y ? y.values.filter((value) => some.some((cell) => y.of(cell) === value)) : [''];
  const squares = rows.map((row) => columns.map((column) =>
    some.filter((cell) => x.of(cell) === column && (!y || y.of(cell) === row))));
  const colouring = colourings().find((each) => each.name === view.colour) ?? colourings()[0];
  const flat = squares.flat();
  const looks = colouring.of ? figureSquares(colouring, flat) : null;
  const square = (cellsHere, r, c) => {
    if (cellsHere.length === 0) return el('td', { class: 'blank' });
    const look = looks ? looks[r * columns.length + c] : colouring.name === 'change' ? changeSquare(cellsHere) : verdictSquare(cellsHere);
    const on = view.square && view.square[0] === columns[c] && view.square[1] === rows[r];
    const name = `${x.name} ${valueName(x, columns[c])}${y ? `, ${y.name} ${valueName(y, rows[r])}` : ''}: ${plural(cellsHere.length, 'cell')}, ${look.text}, worst verdict ${worst(cellsHere)}`;
    return el('td', {}, el('button', { type: 'button', class: look.class, style: look.tone && `--tone:${look.tone}`,
      title: name, 'aria-label': name, 'aria-pressed': on ? 'true' : 'false', 'data-at': `${r},${c}`,
      onclick: () => picked(cellsHere, columns[c], rows[r]) }, look.text));
  };
  return el('table', { class: 'heatmap', onkeydown: moveInHeatmap },
    el('caption', {}, y ? `${y.name} down, ${x.name} across` : x.name),
    el('thead', {}, el('tr', {}, el('td', { class: 'corner' }, y ? `${y.name} \\ ${x.name}` : ''),
      columns.map((value) => el('th', { scope: 'col' }, valueName(x, value))))),
    el('tbody', {}, rows.map((row, r) => el('tr', {}, el('th', { scope: 'row' }, y ? valueName(y, row) : ''),
      squares[r].map((cellsHere, c) => square(cellsHere, r, c))))));
}

/** The arrow keys go from square to square. */
function moveInHeatmap(event) {
  const step = { ArrowUp: [-1, 0], ArrowDown: [1, 0], ArrowLeft: [0, -1], ArrowRight: [0, 1] }[event.key];
  const at = event.target.dataset?.at?.split(',').map(Number);
  if (!step || !at) return;
  for (let [r, c] = at, left = 200; left > 0; left--) { // over the blank ones
    r += step[0];
    c += step[1];
    const next = event.currentTarget.querySelector(`[data-at="${r},${c}"]`);
    if (next) { event.preventDefault(); next.focus(); return; }
  }
}

function heatmapChoices(changed) {
  const choose = (title, id, names, current, set) => el('label', {}, `${title} `,
    el('select', { id, onchange: (event) => { set(event.target.value); view.square = null; changed(); } },
      names.map(([value, text]) => el('option', { value, selected: value === current }, text))));
  const names = dimensions.map((dimension) => [dimension.name, dimension.name]);
  return el('div', { class: 'row choices' },
    choose('across', 'axis-x', names, view.x, (value) => { if (value === view.y) view.y = view.x; view.x = value; syncChoices(); }),
    choose('down', 'axis-y', names, view.y, (value) => { if (value === view.x) view.x = view.y; view.y = value; syncChoices(); }),
    choose('colour', 'colour', colourings().map((each) => [each.name, each.title]), view.colour, (value) => { view.colour = value; }));
}

function syncChoices() {
  document.getElementById('axis-x').value = view.x;
  document.getElementById('axis-y').value = view.y;
}
