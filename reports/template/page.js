// The address says what is shown: #/?FILTERS, #/cell/SLUG, #/explain/CODE.

const page = { overviewQuery: '', console: null };

/** Which part of a matrix this was, and what a merged run lacks. */
function nightFacts(run) {
  const facts = [];
  if (run.shard) facts.push(['shard', `${run.shard.index} of ${run.shard.count}`]);
  if (run.merged) {
    const lacks = [...run.merged.missing_shards.map((index) => `shard ${index}`), ...run.merged.missing_cells];
    facts.push(['merged from', `${run.merged.shards} shards${lacks.length > 0 ? `, not there: ${lacks.join(', ')}` : ''}`]);
  }
  return facts;
}

function headView() {
  const { run } = report;
  const host = Object.entries(run.host).map(([name, value]) => `${name} ${value}`).join(' · ');
  document.getElementById('head').replaceChildren(
    el('a', { href: '#/', class: 'name' }, run.name), totalsBar(cells),
    folded('about this run', () => el('dl', { class: 'about' }, [['run', run.run_id], ['matrix', run.matrix], ['started', run.started],
      ['finished', run.finished || 'not finished'], ['took', run.wall], ['exit status', String(run.exit_status)], ...nightFacts(run), ['host', host]]
      .map(([name, value]) => [el('dt', {}, name), el('dd', {}, value)]))));
  const inside = cells.filter((cell) => cell.console).length;
  document.getElementById('foot').replaceChildren(el('p', {}, 'kdt · ',
    `console logs of ${inside} of ${plural(cells.length, 'cell')} are in this file${inside < cells.length ? ' (red cells first, as far as there is room); the others are in cells/CELL/console.log of the run directory' : ''} · `,
    el('a', { href: '#/explain' }, 'what findings mean'), ' · keys: / searches, arrows move in the heat map, [ and ] go from cell to cell, Esc goes back'),
    glossaryView());
}

function overviewPage() {
  const parts = Object.fromEntries(['findings', 'map', 'list', 'costs', 'compare'].map((name) => [name, el('div', { id: `part-${name}` })]));
  const update = () => {
    const some = visibleCells();
    const query = viewQuery();
    history.replaceState(null, '', `#/?${query}`);
    page.overviewQuery = query;
    const focus = document.activeElement?.dataset?.at;
    const redo = (name, content) => parts[name].replaceChildren(...[content].flat(Infinity).filter(Boolean));
    redo('findings', [el('p', { class: 'lead', id: 'headline' }, headline(some)), findingsView(some, onlyThese)]);
    redo('map', some.length > 0 && dimensionOf(view.x) ? el('div', { class: 'scroll' }, heatmapTable(some, picked)) : el('p', {}, 'No cell passes the filters.'));
    const square = view.square && some.filter((cell) => dimensionOf(view.x).of(cell) === view.square[0] && (dimensionOf(view.y)?.of(cell) ?? '') === view.square[1]);
    redo('list', [square && el('p', {}, `Only ${view.x} ${valueName(dimensionOf(view.x), view.square[0])}${view.y ? `, ${view.y} ${valueName(dimensionOf(view.y), view.square[1])}` : ''}. `, el('button', { type: 'button', onclick: () => { view.square = null; update(); } }, 'all of them')), cellList(square || some)]);
    redo('costs', costsView(some, update));
    redo('compare', compareView(some));
    document.getElementById('filtered')?.replaceChildren(some.length < cells.length ? `${some.length} of ${plural(cells.length, 'cell')}` : plural(cells.length, 'cell'));
    if (focus) document.querySelector(`[data-at="${focus}"]`)?.focus();
  };
  const picked = (here, x, y) => {
    if (here.length === 1) { location.hash = cellHref(here[0]).slice(1); return; }
    const again = view.square && view.square[0] === x && view.square[1] === y;
    view.square = again ? null : [x, y];
    update();
    if (!again) document.getElementById('part-list').scrollIntoView({ block: 'nearest' });
  };
  const onlyThese = (cell) => {
    view.chosen = new Map([['finding', new Set([cell.code])], ['verdict', new Set([cell.verdict])]]);
    route.rebuild();
    document.getElementById('part-list').scrollIntoView();
  };
  const section = (title, ...content) => el('section', { class: 'part' }, el('h2', {}, title), content);
  const costs = report.figures.some((figure, i) => figure.matters && cells.some((cell) => cell.figures[i] !== null));
  const nodes = [parts.findings, dimensions.length > 0 && filterPanel(update),
    dimensions.length > 0 && section('Heat map', heatmapChoices(update), parts.map), section('Cells', parts.list),
    costs && section('Protection and its costs', parts.costs), report.baseline && section('Since the baseline', parts.compare),
    report.run.repeats && section('Repeats', el('div', { id: 'part-repeats' }, repeatsView().filter(Boolean)))];
  return [nodes, update];
}

/** Of a part of the address; '' when it is none of ours. */
function decoded(text) {
  try {
    return decodeURIComponent(text ?? '');
  } catch {
    return '';
  }
}

function route() {
  const [, place, rest] = /^#\/(cell|explain)(?:\/(.*))?$/.exec(location.hash) ?? [null, '', ''];
  const target = document.getElementById('view');
  page.console = null;
  const showNodes = (nodes) => target.replaceChildren(...[nodes].flat(Infinity).filter(Boolean));
  const cell = place === 'cell' ? cellBySlug.get(decoded(rest)) : null;
  document.body.dataset.page = cell ? 'cell' : place === 'explain' ? 'explain' : 'overview';
  if (cell) showNodes(cellPage(cell));
  else if (place === 'explain') showNodes(explainPage(decoded(rest)));
  else {
    readView(location.hash.replace(/^#\/?\??/, ''));
    route.rebuild = () => { const [nodes, update] = overviewPage(); showNodes(nodes); update(); };
    route.rebuild();
  }
  page.console?.settle();
  if (place) { window.scrollTo(0, 0); target.focus({ preventScroll: true }); }
}

function keys(event) {
  if (event.target.matches('input, select, textarea') || event.ctrlKey || event.altKey || event.metaKey) {
    if (event.key === 'Escape') event.target.blur();
    return;
  }
  const click = (selector) => document.querySelector(selector)?.click();
  if (event.key === '/') { document.querySelector('#console-words, #words')?.focus(); event.preventDefault(); }
  if (event.key === 'Escape' && document.body.dataset.page !== 'overview') location.hash = `#/?${page.overviewQuery}`;
  if (event.key === '[') click('a[rel=prev]');
  if (event.key === ']') click('a[rel=next]');
}

prepareRun();
headView();
route();
window.addEventListener('hashchange', route);
document.addEventListener('keydown', keys);
window.addEventListener('beforeprint', () => {
  for (const part of document.querySelectorAll('main details.filters')) part.open = false;
  for (const part of document.querySelectorAll('main details.printed')) part.unfold(); // paper cannot be clicked
});
