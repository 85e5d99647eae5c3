// The page of one cell: what happened, what was expected, what the guest printed.

/** Of the end of a console the last lines tell most; of anything else the first. */
function evidenceView(code, lines) {
  const most = 10;
  const text = (some) => el('pre', {}, some.join('\n'));
  const isConsole = code === 'console-flood' || lines.some((line) => /^\[ *\d+\.\d+\]|^kdt-agent: /.test(line));
  if (!isConsole || lines.length <= most) return folded(`evidence (${plural(lines.length, 'line')})`, () => text(lines), { open: lines.length <= 30, class: 'printed' });
  return [el('p', { class: 'quiet' }, 'Evidence: the last lines of the console.'),
    folded(`${plural(lines.length - most, 'line')} before these`, () => text(lines.slice(0, -most)), { class: 'printed' }), text(lines.slice(-most))];
}

/** What the host had of memory when QEMU was gone, as far as it is known. */
function memoryView(observed) {
  const left = observed['host.memory_left'];
  const peak = observed['host.peak_memory'];
  if (left === undefined && peak === undefined) return null;
  return el('p', {}, peak !== undefined && `QEMU had taken up to ${showBytes(peak)} of the host's memory. `,
    left !== undefined ? `When it was gone the host could still give ${showBytes(left)}.` : 'How much the host had left then was not recorded.');
}

function findingBlock(finding, cell, detail) {
  const lines = finding.evidence.join('\n').replace(/\n+$/, '').split('\n');
  const isThere = lines.some((line) => line.trim() !== '');
  return el('section', { class: `finding v-border-${cell.verdict}` },
    el('div', { class: 'what' }, el('span', { class: 'blame', title: blameMeaning[finding.blame] }, `blame: ${finding.blame}`), ` · in phase ${finding.phase} · `, el('b', {}, finding.code)),
    finding.text !== cell.reason && el('p', { class: 'said' }, finding.text),
    finding.code === 'guest-lost' && memoryView(detail.observed),
    isThere && evidenceView(finding.code, lines), explanation(finding.code, finding.blame === 'usage' || finding.text.includes('likely cause: ')));
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

function expectedView(cell, detail) {
  const why = isRed(cell) && detail.findings.length > 0 ? 'the findings above are why it is red.' : '';
  if (detail.expected.length === 0) return el('p', { class: 'quiet' }, `No rule was held against this cell${why && '; '}${why || '.'}`);
  const broken = detail.expected.filter(([, , , held]) => !held);
  const held = detail.expected.filter(([, , , ok]) => ok);
  return [broken.length > 0 ? expectedTable(broken) : el('p', {}, why ? `No rule was broken; ${why}` : 'Every observation that a rule speaks of is as the rule says.'),
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
    el('li', {}, report.linked ? el('a', { href: path(file) }, file) : el('code', {}, `cells/${cell.slug}/${file}`), name !== file && ` (${name})`)),
    (detail.empty ?? []).map((name) => el('li', { class: 'quiet' }, name === 'emulator_log' ? 'QEMU printed nothing.' : `${name}: empty`)));
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
  return el('p', {}, 'In the baseline: ', before ? [badge(before), ' ', whereText(before), before.reason !== cell.reason && [' ', before.reason]] : 'no such cell', '.');
}

function cellPage(cell) {
  const detail = detailOf(cell);
  const about = [cell.seconds > 0 && showDuration(cell.seconds), detail.backend, detail.accelerator, detail.attempts > 1 && `${detail.attempts} attempts`].filter(Boolean).join(', ');
  const good = cell.verdict === 'pass' && detail.findings.length === 0;
  return [
    neighbours(cell),
    el('h1', { class: 'id' }, badge(cell), ' ', idText(cell.id)),
    el('p', { class: 'lead' }, good ? 'Everything was as expected.' : [whereText(cell) && el('b', {}, `${whereText(cell)}: `), cell.reason]),
    cell.verdict !== 'pass' && cell.blame && el('p', { class: 'quiet' }, `Blamed on ${blameMeaning[cell.blame]}. “${cell.verdict}” means: ${meaningOf(cell)}.`),
    isRed(cell) && [apartView([cell]), green() === 0 && el('p', { class: 'quiet' }, nothingGreen)],
    detail.fork && el('p', {}, `Its guest did not boot: it is a fork of a guest that stood still after ${detail.fork.after} (templates/${detail.fork.template}/).`),
    detail.not_forked && el('p', {}, `Its guest was booted instead of forked: ${detail.not_forked}`),
    cell.known_issue && el('p', {}, `Known issue: ${cell.known_issue}`),
    beforeText(cell),
    el('p', { class: 'quiet' }, about),
    el('div', { class: 'again' }, el('span', { class: 'quiet' }, 'Run it again: '), el('code', {}, cell.again)),
    detail.findings.length > 0 && [el('h2', {}, 'What went wrong'), detail.findings.map((finding) => findingBlock(finding, cell, detail))],
    el('h2', {}, 'Phases'), timeline(detail),
    el('h2', {}, 'Expected and observed'), expectedView(cell, detail),
    detail.post_mortem && [el('h2', {}, 'Where the guest stood'), el('pre', {}, detail.post_mortem.split('\nthe last lines of the console:')[0].trim())],
    el('h2', { id: 'console' }, 'Console'), consoleSection(cell),
    el('section', { class: 'known' }, el('h2', {}, 'All that is known'),
      folded('observations', () => valueTable(detail.observed), { id: 'observed' }),
      folded('parameters and facts', () => [valueTable(flat(detail.parameters)), valueTable(detail.facts), el('p', { class: 'quiet value' }, `fingerprint ${detail.fingerprint}`)]),
      folded('files', () => filesView(cell, detail))),
  ];
}
