// The run beside an earlier one, cell by cell.

const changeKinds = ['newly red', 'red otherwise', 'still red', 'fixed', 'new', 'same'];

function changeOf(cell) {
  const before = report.baseline?.cells[cell.id];
  if (!before) return 'new';
  if (isRed(cell) && isRed(before)) return whereText(cell) === whereText(before) && cell.verdict === before.verdict ? 'still red' : 'red otherwise';
  if (isRed(cell)) return 'newly red';
  return isRed(before) ? 'fixed' : 'same';
}

function goneCells() {
  const now = new Set(cells.map((cell) => cell.id));
  return Object.keys(report.baseline.cells).filter((id) => !now.has(id));
}

/** How often as long a figure takes, over the cells that both runs have; few cells and single runs say little. */
function timeRatios(some) {
  const timed = [['whole cell', (cell) => cell.seconds],
    ...report.figures.map((figure, i) => [figure.title, (cell) => cell.figures[i], figure]).filter(([, , figure]) => figure.matters && figure.unit !== 'share')];
  return timed.map(([title, of]) => {
    const pairs = some.map((cell) => [report.baseline.cells[cell.id], cell]).filter(([before]) => before)
      .map(([before, now]) => [of(before), of(now)]).filter(([before, now]) => before > 0 && now > 0);
    if (pairs.length === 0) return null;
    const ratios = pairs.map(([before, now]) => now / before);
    const range = `${Math.min(...ratios).toFixed(2)} to ${Math.max(...ratios).toFixed(2)}`;
    return [title, `× ${median(ratios).toFixed(2)}`, range, String(pairs.length)];
  }).filter(Boolean);
}

function compareView(some) {
  if (!report.baseline) return null;
  const { run } = report.baseline;
  const gone = goneCells();
  const row = (cell) => {
    const before = report.baseline.cells[cell.id];
    return [changeOf(cell), cellLink(cell), before ? [badge(before), ' ', whereText(before)] : '', [badge(cell), ' ', whereText(cell)], cell.reason];
  };
  const changed = some.filter((cell) => changeOf(cell) !== 'same')
    .sort((a, b) => changeKinds.indexOf(changeOf(a)) - changeKinds.indexOf(changeOf(b)) || a.index - b.index);
  const counts = changeKinds.map((kind) => [kind, some.filter((cell) => changeOf(cell) === kind).length]).filter(([, count]) => count > 0);
  const most = 200;
  return [
    el('p', {}, `Against run ${run.run_id} of ${run.started}: `, counts.map(([kind, count]) => `${count} ${kind}`).join(', '),
      gone.length > 0 && `, ${gone.length} gone`, '.'),
    changed.length > 0 && el('div', { class: 'scroll' }, table(['change', 'cell', 'before', 'now', 'why'], changed.slice(0, most).map(row), { class: 'cells changes' })),
    changed.length > most && el('p', {}, `and ${changed.length - most} more: choose them by the filter “change”.`),
    gone.length > 0 && folded(`${plural(gone.length, 'cell')} that this run does not have`, () => el('ul', {}, gone.map((id) => el('li', {}, id)))),
    folded('Times, now by before', () => table(['', 'median', 'range', 'cells'], timeRatios(some), { class: 'numbers' }), { open: true }),
  ];
}
