// The phases of a cell, one below the other, as long as they took.

function phaseMeaning(phase) {
  return { prepare: 'files, drives and checks on the host', boot: 'the system kernel, up to our agent', load: 'kexec loads the capture kernel',
    probe: 'page tables, and a stray write to every page of the crash region', trigger: 'the panic',
    capture: 'the capture kernel, up to our agent', save: 'the dump is saved', verify: 'the vmcore is checked on the host' }[phase];
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
    return el('li', { class: phase.outcome }, el('span', { class: 'name', title: phaseMeaning(name) }, name),
      el('span', { class: 'track' }, el('span', { class: 'span', style: `left:${Math.min(left, 99.4)}%;width:${(phase.seconds / total) * 100}%` })),
      el('span', { class: 'took' }, phase.outcome === 'skipped' ? 'skipped' : phase.seconds < 0.005 ? '< 0.01 s' : showDuration(phase.seconds), phase.of_template && ' by the template', failed && ' ✗ failed'));
  });
  return el('ol', { class: 'timeline' }, rows);
}
