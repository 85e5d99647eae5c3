// What a red cell has that others do not: the first thing to suspect.

/** "cmdline=loglevel=0 quiet", in the matrix's words: an id writes '+' for blanks. */
function settingText(cell, axis) {
  return `${axis}=${cell.words?.[axis] ?? cell.axes[axis]}`;
}

/** The axes that not all cells of the run agree in and these do; where a cell does not name one it has the matrix's default. */
function ownAxes(some) {
  const [first] = some;
  return dimensions.filter((dimension) => !dimension.outcome).map((dimension) => dimension.name)
    .filter((axis) => first.axes[axis] !== undefined && some.every((cell) => cell.axes[axis] === first.axes[axis]));
}

let greenCells = null;

/** Whether any cell is green, and how many of them have this value. */
function green(axis, value) {
  greenCells ??= cells.filter((cell) => cell.verdict === 'pass');
  return axis === undefined ? greenCells.length : greenCells.filter((cell) => cell.axes[axis] === value).length;
}

/** Of red cells: what is set in all of them, and which of it no green cell has; null when nothing sets them apart. */
function apart(some) {
  const axes = ownAxes(some);
  if (axes.length === 0) return null;
  const suspects = green() === 0 ? [] : axes.filter((axis) => green(axis, some[0].axes[axis]) === 0);
  return { set: axes.map((axis) => settingText(some[0], axis)), suspects: suspects.map((axis) => settingText(some[0], axis)) };
}

const nothingGreen = 'No cell of this run is green: there is nothing to compare with.';

function apartView(some) {
  const own = apart(some);
  if (own === null) return null;
  const { set, suspects } = own;
  const list = (texts) => texts.map((text, i) => [i > 0 && ', ', el('code', {}, text)]);
  const host = some.every((cell) => cell.blame === 'infra'); // nothing that a cell asks for kills an emulator
  const advice = green() === 0 || host ? '' : suspects.length === 0 ? ' Green cells have each of these, too.'
    : suspects.length === set.length ? ` Cells without ${set.length === 1 ? 'it' : 'these'} are green: suspect that first.`
      : [' No green cell has ', list(suspects), ': suspect that first.'];
  return el('p', { class: 'apart' }, some.length === 1 ? 'Set in this cell: ' : 'Set in these cells: ', list(set), '.', advice);
}
