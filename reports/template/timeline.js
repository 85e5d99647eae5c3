// The phases of a cell, one below the other, as long as they took.

function phaseMeaning(phase) {
  return { prepare: 'files, drives and checks on the host', boot: 'the system kernel, up to our agent', load: 'kexec loads the capture kernel',
    probe: 'page tables, and a stray write to every page of the crash region', trigger: 'the panic',
    capture: 'the capture kernel, up to our agent', save: 'the dump is saved', verify: 'the vmcore is checked on the host' }[phase];
}

/** A phase that failed did what it is for all the same: it is only where kdt noticed what is wrong. */
function onlyNoticed(detail, phase) {
  const later = report.phases.slice(report.phases.indexOf(phase.name) + 1);
  const wentOn = detail.phases.some((other) => later.includes(other.name) && (other.outcome === 'done' || other.outcome === 'failed'));
  const booted = phase.name === 'boot' && detail.observed['boot.seconds'] !== undefined;
  return wentOn || booted || detail.findings.some((finding) => finding.phase === phase.name && finding.blame === 'usage');
}

function timeline(detail) {
  const total = detail.phases.reduce((sum, phase) => sum + phase.seconds, 0) || 1;
  let begin = 0;
  const rows = report.phases.map((name) => {
    const phase = detail.phases.find((each) => each.name === name);
    if (!phase) return el('li', { class: 'absent' }, el('span', { class: 'name', title: phaseMeaning(name) }, name), el('span', { class: 'track' }), el('span', { class: 'took' }, 'not reached'));
    const left = (begin / total) * 100;
    begin += phase.seconds;
    const failed = phase.outcome === 'failed';
    const noticed = failed && onlyNoticed(detail, phase);
    return el('li', { class: noticed ? 'noticed' : phase.outcome }, el('span', { class: 'name', title: phaseMeaning(name) }, name),
      el('span', { class: 'track' }, el('span', { class: 'span', style: `left:${Math.min(left, 99.4)}%;width:${(phase.seconds / total) * 100}%` })),
      el('span', { class: 'took' }, phase.outcome === 'skipped' ? 'skipped' : phase.seconds < 0.005 ? '< 0.01 s' : showDuration(phase.seconds), phase.of_template && ' by the template', failed && (noticed ? ' ✗ noticed here' : ' ✗ failed')));
  });
  return el('ol', { class: 'timeline' }, rows);
}
