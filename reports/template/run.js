// The run: its cells, what they differ in, and the parts of the page's data that are read when they are needed.

const report = JSON.parse(document.getElementById('kdt-overview').textContent);
const cells = report.cells;
const cellBySlug = new Map();
const glyphs = { pass: '✓', fail: '✗', error: '!', xfail: '≈', xpass: '?', skip: '–' };
const verdictMeaning = {
  pass: 'everything was as expected', fail: 'the kernel or a tool in the guest did something other than what was expected',
  error: 'our own infrastructure failed: nothing was learnt about the kernel',
  xfail: 'it failed as a known issue says', xpass: 'a known issue did not show: its entry must go',
  skip: 'it cannot run here',
};
const blameMeaning = {
  kernel: 'the kernel under test', tool: 'a tool in the guest (kexec-tools, makedumpfile, the agent) or how it was used',
  infra: 'infrastructure: the host, QEMU or kdt itself', usage: 'how kdt was asked, or a rule that is missing',
};
/** The worst first. */
const severity = ['fail', 'xpass', 'error', 'xfail', 'skip', 'pass'];
const isRed = (cell) => cell.verdict === 'fail' || cell.verdict === 'xpass' || cell.verdict === 'error';

function worst(some) {
  return severity.find((verdict) => some.some((cell) => cell.verdict === verdict));
}

function island(id) {
  const node = document.getElementById(id);
  return node === null ? null : JSON.parse(node.textContent);
}

function detailOf(cell) {
  cell.detail ??= island(`kdt-cell-${cell.index}`);
  return cell.detail;
}

/** null when it is not in this file. */
function consoleOf(cell) {
  if (cell.lines === undefined) cell.lines = island(`kdt-console-${cell.index}`);
  return cell.lines;
}

/** What the verdict means and, for what went wrong, whose it is: "fail: kernel, capture, capture-timeout". */
function whereText(cell) {
  if (cell.verdict === 'xpass') return 'known issue did not show';
  return [cell.blame, cell.phase, cell.code].filter(Boolean).join(' · ');
}

/** An error of the matrix is not one of our infrastructure. */
function meaningOf({ verdict, blame }) {
  return verdict === 'error' && blame === 'usage' ? 'the matrix asked for something that cannot show anything, or no rule says what it should show'
    : verdictMeaning[verdict];
}

/** Of a cell. */
function badge({ verdict, blame }) {
  return el('span', { class: `badge v-${verdict}`, title: meaningOf({ verdict, blame }) }, `${glyphs[verdict]} ${verdict}`);
}

/** What cells differ in: each axis, and what they came to. */
const dimensions = [];

function addDimension(name, of, outcome, order) {
  const values = [...new Set(cells.map(of))];
  if (values.every((value) => value === unset || !Number.isNaN(parseSize(value))))
    values.sort((a, b) => (parseSize(a) || 0) - (parseSize(b) || 0));
  if (order) values.sort((a, b) => order.indexOf(a) - order.indexOf(b));
  if (values.length > 1) dimensions.push({ name, of, values, outcome });
}

const unset = '·';

function valueName(dimension, value) {
  return value !== unset ? value : dimension.outcome ? 'none' : 'not set';
}

function prepareRun() {
  cells.forEach((cell, index) => {
    cell.index = index;
    cell.text = `${cell.id} ${cell.verdict} ${cell.code ?? ''} ${cell.reason} ${cell.known_issue}`.toLowerCase();
    cellBySlug.set(cell.slug, cell);
  });
  const axes = new Set(cells.flatMap((cell) => Object.keys(cell.axes)));
  for (const axis of axes) addDimension(axis, (cell) => cell.axes[axis] ?? unset, false);
  addDimension('verdict', (cell) => cell.verdict, true, severity);
  if (cells.some((cell) => cell.verdict !== 'pass')) {
    addDimension('blame', (cell) => cell.blame ?? unset, true);
    addDimension('phase', (cell) => cell.phase ?? unset, true, report.phases);
    addDimension('finding', (cell) => cell.code ?? unset, true);
  }
  if (report.baseline) addDimension('change', changeOf, true, changeKinds);
}
