// The first thing that a reader wants: what went wrong, where, and whose it is.

function totalsBar(some) {
  const counts = severity.map((verdict) => [verdict, some.filter((cell) => cell.verdict === verdict).length])
    .filter(([, count]) => count > 0);
  return el('div', { class: 'totals' },
    el('div', { class: 'bar', 'aria-hidden': 'true' },
      counts.map(([verdict, count]) => el('span', { class: `v-${verdict}`, style: `flex-grow:${count}` }))),
    el('ul', {}, counts.map(([verdict, count]) =>
      el('li', {}, el('span', { class: `dot v-${verdict}` }, glyphs[verdict]), ` ${count} ${verdict}`))));
}

/** "11 cells are red: 9 blamed on the kernel under test, …" */
function headline(some) {
  const bad = some.filter(isRed);
  if (some.length === 0) return 'No cell passes these filters.';
  if (bad.length === 0) return `All ${plural(some.length, 'cell')} are as expected.`;
  const blamed = ['kernel', 'tool', 'infra', 'usage']
    .map((blame) => [blame, bad.filter((cell) => cell.verdict !== 'xpass' && cell.blame === blame).length])
    .filter(([, count]) => count > 0)
    .map(([blame, count]) => `${count} blamed on ${blameMeaning[blame]}`);
  const unexpected = bad.filter((cell) => cell.verdict === 'xpass').length;
  if (unexpected > 0) blamed.push(`${unexpected} because a known issue did not show`);
  return `${bad.length} of ${plural(some.length, 'cell')} ${bad.length === 1 ? 'is' : 'are'} red: ${blamed.join('; ')}.`;
}

/** Red cells of the same verdict, blame, phase and finding stand together. */
function findingGroups(some) {
  const groups = new Map();
  for (const cell of some.filter(isRed)) {
    const key = JSON.stringify([cell.verdict, cell.blame, cell.phase, cell.code]);
    if (!groups.has(key)) groups.set(key, []);
    groups.get(key).push(cell);
  }
  return [...groups.values()].sort((a, b) => b.length - a.length);
}

function findingsView(some, onlyThese) {
  const shown = 3;
  const one = (group) => {
    const [cell] = group;
    const reasons = new Set(group.map((each) => each.reason));
    return el('li', { class: `finding v-border-${cell.verdict}` },
      el('div', { class: 'what' }, badge(cell), ' ', el('b', {}, plural(group.length, 'cell')), ' · ',
        cell.verdict !== 'xpass' && cell.blame && [el('span', { class: 'blame', title: blameMeaning[cell.blame] }, `blame: ${cell.blame}`), ' · '],
        cell.phase && [`in phase ${cell.phase}`, ' · '],
        cell.code && el('a', { href: `#/explain/${encodeURIComponent(cell.code)}` }, cell.code)),
      el('p', {}, cell.reason, reasons.size > 1 && el('span', { class: 'quiet' }, ` (and in ${plural(reasons.size - 1, 'other wording')})`)),
      apartView(group),
      el('ul', { class: 'cells' }, group.slice(0, shown).map((each) => el('li', {}, cellLink(each)))),
      group.length > shown && cell.code && el('button', { type: 'button', onclick: () => onlyThese(cell) },
        `all ${group.length}`));
  };
  const groups = findingGroups(some);
  const list = (part) => el('ul', { class: 'plain' }, part.map(one));
  const first = groups.length > 7 ? 6 : 7;
  return [groups.length > 0 && green() === 0 && el('p', { class: 'quiet', id: 'nothing-green' }, nothingGreen),
    list(groups.slice(0, first)), groups.length > first &&
    folded(`${groups.length - first} more kinds of red cells`, () => list(groups.slice(first)), { id: 'more-findings', class: 'printed' })];
}
