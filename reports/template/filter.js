// What of the run is looked at; it stands in the address, so that a view can be sent to somebody else.

const view = { x: '', y: '', colour: 'verdict', text: '', chosen: new Map(), lines: [], square: null };

function readView(query) {
  const words = new URLSearchParams(query);
  const axes = dimensions.filter((dimension) => !dimension.outcome);
  const bySize = [...axes].sort((a, b) => b.values.length - a.values.length);
  const first = axes.find((axis) => axis.name === 'memory') ?? bySize[0] ?? dimensions[0];
  const second = bySize.find((axis) => axis !== first) ?? dimensions.find((dimension) => dimension !== first);
  view.x = words.get('x') ?? first?.name ?? '';
  view.y = words.get('y') ?? second?.name ?? '';
  view.colour = words.get('colour') ?? 'verdict';
  view.text = words.get('q') ?? '';
  view.lines = words.has('lines') ? words.getAll('lines').filter(Boolean) : null;
  view.square = words.has('sx') ? [words.get('sx'), words.get('sy')] : null;
  view.chosen = new Map();
  for (const dimension of dimensions) {
    const values = words.getAll(`f.${dimension.name}`);
    if (values.length > 0) view.chosen.set(dimension.name, new Set(values));
  }
}

function viewQuery() {
  const words = new URLSearchParams();
  if (view.x) words.set('x', view.x);
  if (view.y) words.set('y', view.y);
  if (view.colour !== 'verdict') words.set('colour', view.colour);
  if (view.text) words.set('q', view.text);
  for (const name of view.lines ?? []) words.append('lines', name);
  if (view.lines?.length === 0) words.append('lines', '');
  if (view.square) { words.set('sx', view.square[0]); words.set('sy', view.square[1]); }
  for (const [name, values] of view.chosen) for (const value of values) words.append(`f.${name}`, value);
  return words.toString();
}

function dimensionOf(name) {
  return dimensions.find((dimension) => dimension.name === name);
}

/** The cells that all filters let through. */
function visibleCells() {
  const words = view.text.toLowerCase().split(/\s+/).filter(Boolean);
  const tests = [...view.chosen].map(([name, values]) => [dimensionOf(name), values]);
  return cells.filter((cell) => tests.every(([dimension, values]) => values.has(dimension.of(cell))) &&
    words.every((word) => cell.text.includes(word)));
}

function toggleValue(name, value, on) {
  const values = view.chosen.get(name) ?? new Set();
  if (on) values.add(value); else values.delete(value);
  if (values.size > 0) view.chosen.set(name, values); else view.chosen.delete(name);
}

/** A row of boxes for each dimension, and a field for words. */
function filterPanel(changed) {
  const box = (dimension, value) => el('label', { class: 'chip' },
    el('input', { type: 'checkbox', checked: view.chosen.get(dimension.name)?.has(value),
      'data-filter': `${dimension.name}=${value}`,
      onchange: (event) => { toggleValue(dimension.name, value, event.target.checked); changed(); } }),
    el('span', {}, valueName(dimension, value)));
  const group = (dimension) => el('fieldset', {}, el('legend', {}, dimension.name),
    dimension.values.map((value) => box(dimension, value)));
  const words = el('input', { type: 'search', id: 'words', value: view.text, placeholder: 'words of a cell or its finding',
    'aria-label': 'words of a cell or its finding', oninput: (event) => { view.text = event.target.value; changed(); } });
  const clear = el('button', { type: 'button', id: 'clear', onclick: () => {
    view.chosen.clear();
    view.text = words.value = '';
    view.square = null;
    for (const input of panel.querySelectorAll('input[type=checkbox]')) input.checked = false;
    changed();
  } }, 'show all cells');
  const panel = el('details', { class: 'filters', id: 'filters' },
    el('summary', {}, 'Filters ', el('span', { id: 'filtered', role: 'status' })),
    dimensions.map(group), el('div', { class: 'row' }, words, clear));
  panel.open = view.chosen.size > 0 || view.text !== '' || window.innerWidth > 900;
  return panel;
}
