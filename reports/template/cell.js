// The page of one cell: what happened, what was expected, what the guest printed.

function findingBlock(finding, said, verdict) {
  const lines = finding.evidence.join('\n').split('\n');
  const isThere = lines.some((line) => line.trim() !== '');
  return el('section', { class: `finding v-border-${verdict}` },
    el('div', { class: 'what' }, el('span', { class: 'blame', title: blameMeaning[finding.blame] }, `blame: ${finding.blame}`), ` · in phase ${finding.phase} · `, el('b', {}, finding.code)),
    finding.text !== said && el('p', { class: 'said' }, finding.text),
    isThere && folded(`evidence (${plural(lines.length, 'line')})`, () => el('pre', {}, lines.join('\n')), { open: lines.length <= 30, class: 'printed' }),
    explanation(finding.code));
}

function expectedTable(list) {
  const why = (index) => {
    const [rule, because, source] = report.rules[index];
    return [because, el('div', { class: 'quiet' }, [rule, source].filter(Boolean).join(' · '))];
  };
  return el('div', { class: 'scroll' }, table(['', 'observation', 'expected', 'observed', 'because · rule · source'],
    list.map(([observation, expected, observed, held, rule]) => [el('span', { class: held ? 'held' : 'broken', title: held ? 'as expected' : 'not as expected' }, held ? '✓' : '✗'),
      el('code', {}, observation), expected, observed ?? el('i', {}, 'nobody saw it'), why(rule)]), { class: 'expected' }));
}

function expectedView(detail) {
  if (detail.expected.length === 0) return el('p', { class: 'quiet' }, 'No rule was held against this cell.');
  const broken = detail.expected.filter(([, , , held]) => !held);
  const held = detail.expected.filter(([, , , ok]) => ok);
  return [broken.length > 0 ? expectedTable(broken) : el('p', {}, 'Every observation that a rule speaks of is as the rule says.'),
    held.length > 0 && folded(`${plural(held.length, 'expectation')} that held`, () => expectedTable(held), { id: 'held' })];
}

function valueText(value) {
  if (Array.isArray(value)) return value.join('\n');
  if (Number.isInteger(value) && value >= 65536) return `${value}  (0x${value.toString(16)}${value % 4096 === 0 ? `, ${showBytes(value)}` : ''})`;
  return String(value);
}

function valueTable(values) {
  return el('div', { class: 'scroll' }, table(['name', 'value'], Object.entries(values).map(([name, value]) => [el('code', {}, name), el('span', { class: 'value' }, valueText(value))])));
}

/** {a: {b: 1}} as {"a.b": 1}. */
function flat(values, prefix = '') {
  return Object.fromEntries(Object.entries(values).flatMap(([name, value]) =>
    value !== null && typeof value === 'object' && !Array.isArray(value) ? Object.entries(flat(value, `${prefix}${name}.`)) : [[prefix + name, value]]));
}

function filesView(cell, detail) {
  const path = (file) => ['cells', cell.slug, ...file.split('/')].map(encodeURIComponent).join('/');
  return el('ul', { class: 'files' }, Object.entries(detail.artifacts).map(([name, file]) =>
    el('li', {}, report.linked ? el('a', { href: path(file) }, file) : el('code', {}, `cells/${cell.slug}/${file}`), name !== file && ` (${name})`)));
}

function consoleSection(cell) {
  const log = consoleOf(cell);
  if (log && log.lines.length > 0) {
    page.console = new ConsoleView(cell, log);
    return page.console.node;
  }
  return el('p', { class: 'quiet' }, log ? 'The guest printed nothing.' : `The console is not in this file: cells/${cell.slug}/console.log has it, if the guest was started.`);
}

function neighbours(cell) {
  const link = (other, text, key) => other && el('a', { href: cellHref(other), rel: key, title: other.id }, text);
  return el('nav', { class: 'row', 'aria-label': 'cells' }, el('a', { href: `#/?${page.overviewQuery}` }, '↖ all cells'),
    link(cells[cell.index - 1], '← previous', 'prev'), link(cells[cell.index + 1], 'next →', 'next'));
}

function beforeText(cell) {
  const before = report.baseline?.cells[cell.id];
  if (!report.baseline) return null;
  return el('p', {}, 'In the baseline: ', before ? [badge(before.verdict), ' ', whereText(before), before.reason !== cell.reason && [' ', before.reason]] : 'no such cell', '.');
}

function cellPage(cell) {
  const detail = detailOf(cell);
  const about = [cell.seconds > 0 && showDuration(cell.seconds), detail.backend, detail.accelerator, detail.attempts > 1 && `${detail.attempts} attempts`].filter(Boolean).join(', ');
  const good = cell.verdict === 'pass' && detail.findings.length === 0;
  return [
    neighbours(cell),
    el('h1', { class: 'id' }, badge(cell.verdict), ' ', idText(cell.id)),
    el('p', { class: 'lead' }, good ? 'Everything was as expected.' : [whereText(cell) && el('b', {}, `${whereText(cell)}: `), cell.reason]),
    cell.verdict !== 'pass' && cell.blame && el('p', { class: 'quiet' }, `Blamed on ${blameMeaning[cell.blame]}. “${cell.verdict}” means: ${verdictMeaning[cell.verdict]}.`),
    detail.fork && el('p', {}, `Its guest did not boot: it is a fork of a guest that stood still after ${detail.fork.after} (templates/${detail.fork.template}/).`),
    detail.not_forked && el('p', {}, `Its guest was booted instead of forked: ${detail.not_forked}`),
    cell.known_issue && el('p', {}, `Known issue: ${cell.known_issue}`),
    beforeText(cell),
    el('p', { class: 'quiet' }, about),
    el('div', { class: 'again' }, el('span', { class: 'quiet' }, 'Run it again: '), el('code', {}, cell.again)),
    detail.findings.length > 0 && [el('h2', {}, 'What went wrong'), detail.findings.map((finding) => findingBlock(finding, cell.reason, cell.verdict))],
    el('h2', {}, 'Phases'), timeline(detail),
    el('h2', {}, 'Expected and observed'), expectedView(detail),
    detail.post_mortem && [el('h2', {}, 'Where the guest stood'), el('pre', {}, detail.post_mortem.split('\nthe last lines of the console:')[0].trim())],
    el('h2', { id: 'console' }, 'Console'), consoleSection(cell),
    el('section', { class: 'known' }, el('h2', {}, 'All that is known'),
      folded('observations', () => valueTable(detail.observed), { id: 'observed' }),
      folded('parameters and facts', () => [valueTable(flat(detail.parameters)), valueTable(detail.facts), el('p', { class: 'quiet value' }, `fingerprint ${detail.fingerprint}`)]),
      folded('files', () => filesView(cell, detail))),
  ];
}
