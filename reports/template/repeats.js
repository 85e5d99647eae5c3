// Cells that ran several times: what the kernel lost, and what our infrastructure lost, apart.

/** "1 of 4: 25 % (4.6 to 69.9 %)", Wilson's 95 % interval. */
function shareText({ count, of, low, high }) {
  if (of === 0) return '0 of 0';
  const percent = (share) => (100 * share).toFixed(1);
  return `${count} of ${of}: ${Number((100 * count / of).toPrecision(3))} % (${percent(low)} to ${percent(high)} %)`;
}

function repeatsView() {
  const isFlaky = ({ failed }) => failed.count > 0 && failed.count < failed.of;
  const rank = (one) => (isFlaky(one) ? 0 : one.failed.count > 0 ? 1 : one.infra.count > 0 ? 2 : 3);
  const sorted = [...report.run.repeats].sort((a, b) => rank(a) - rank(b));
  const codes = (one) => Object.entries(one.codes).map(([code, count]) => `${count} ${code}`).join(', ');
  const most = 200;
  return [
    el('p', {}, `${plural(sorted.length, 'cell')} ran more than once; ${sorted.filter(isFlaky).length} flaky. Shares are of the cells that were judged, with their 95 % confidence interval (Wilson); tries that our infrastructure lost are counted apart.`),
    el('div', { class: 'scroll' }, table(['cell', 'failed', 'infrastructure', 'findings'],
      sorted.slice(0, most).map((one) => [`${one.cell}${isFlaky(one) ? ' (flaky)' : ''}`, shareText(one.failed), shareText(one.infra), codes(one)]), { class: 'cells repeats' })),
    sorted.length > most && el('p', {}, `and ${sorted.length - most} more, see run.json.`),
  ];
}
