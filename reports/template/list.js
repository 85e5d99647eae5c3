// The cells one by one, the worst first.

function cellHref(cell) {
  return `#/cell/${encodeURIComponent(cell.slug)}`;
}

/** The id may be broken after each slash. */
function idText(id) {
  return id.split('/').flatMap((part, i) => (i === 0 ? [part] : ['/', el('wbr'), part]));
}

function cellLink(cell) {
  return el('a', { href: cellHref(cell), class: 'id' }, idText(cell.id));
}

function cellList(some) {
  const step = some.some(isRed) ? 25 : 10;
  const sorted = [...some].sort((a, b) => severity.indexOf(a.verdict) - severity.indexOf(b.verdict) || a.index - b.index);
  const columns = [['verdict', (cell) => badge(cell)], ['cell', cellLink], ['blame · phase · finding', whereText],
    ['why', (cell) => cell.reason], ['time', (cell) => showDuration(cell.seconds)]]
    .filter(([, of]) => some.some((cell) => of(cell) !== '')); // all is well: there is no blame
  const row = (cell) => columns.map(([, of]) => of(cell));
  const box = el('div', { class: 'scroll' });
  const showSome = (count) => {
    const more = sorted.length - count;
    box.replaceChildren(table(columns.map(([head]) => head), sorted.slice(0, count).map(row), { class: 'cells' }),
      ...(more > 0 ? [el('button', { type: 'button', onclick: () => showSome(count + 1000) }, `${plural(more, 'more cell')}: show`)] : []));
  };
  showSome(step);
  return box;
}
