// What the guest printed: folded by phase, with the time of each line, to be searched.

const stageNames = { system_kernel: 'system kernel', panicked: 'panic', leaving: 'kexec', capture_kernel: 'capture kernel', capture_panicked: 'panic of the capture kernel' };

/** [{phase, begin, from, to}]: the lines of each phase that has any. */
function consoleGroups(log) {
  const phases = log.phases.length > 0 ? log.phases : [['console', 0]];
  const groups = phases.map(([phase, begin]) => ({ phase, begin, from: 0, to: 0 }));
  let at = 0;
  for (const [i, group] of groups.entries()) {
    group.from = at;
    const end = i + 1 < groups.length ? groups[i + 1].begin : Infinity;
    while (at < log.lines.length && log.lines[at][0] < end) at++;
    group.to = at;
  }
  return groups.filter((group) => group.to > group.from);
}

class ConsoleView {
  constructor(cell, log) {
    this.log = log;
    this.texts = log.lines.map(([, text]) => (typeof text === 'string' ? text.toLowerCase() : ''));
    this.words = '';
    this.hits = [];
    this.current = -1;
    this.groups = consoleGroups(log).map((group) => ({ ...group, node: null, body: el('div', { class: 'lines', tabindex: '0', role: 'region', 'aria-label': `console in phase ${group.phase}` }), painted: false }));
    const failed = detailOf(cell).phases.find((phase) => phase.outcome === 'failed')?.name;
    this.first = this.groups.find((group) => group.phase === failed) ?? (isRed(cell) ? this.groups.at(-1) : undefined);
    for (const group of this.groups) this.makeGroup(group, group === this.first);
    this.count = el('span', { role: 'status', class: 'quiet', id: 'console-hits' });
    this.input = el('input', { type: 'search', id: 'console-words', placeholder: 'search the console (press /)', 'aria-label': 'search the console',
      oninput: () => this.search(this.input.value),
      onkeydown: (event) => { if (event.key === 'Enter') { this.go(event.shiftKey ? -1 : 1); event.preventDefault(); } } });
    this.node = el('div', { class: 'console' }, this.tools(), this.groups.map((group) => group.node));
  }

  makeGroup(group, open) {
    const count = group.to - group.from;
    const signs = this.log.lines.slice(group.from, group.to).filter((line) => line[3]).length;
    group.node = el('details', { 'data-phase': group.phase }, el('summary', {}, el('b', {}, group.phase), ` ${plural(count, 'line')}`,
      signs > 0 && el('span', { class: 'sign' }, ` ${plural(signs, 'sign')} of trouble`)), group.body);
    group.node.addEventListener('toggle', () => { if (group.node.open && !group.painted) this.paint(group); });
    group.node.open = open;
    if (open) this.paint(group);
  }

  /** Where a reader begins: at the last panic of the part that is open, else at its end. To be called when it is in the page. */
  settle() {
    if (!this.first) return;
    const { body, from, to } = this.first;
    let line = to - 1;
    while (line >= from && !/panicked/.test(this.log.lines[line][2] ?? '')) line--;
    const node = line >= from ? body.children[line - from] : body.lastElementChild;
    const [box, at] = [body.getBoundingClientRect(), node.getBoundingClientRect()];
    body.scrollTop += at.top - box.top - (box.height - at.height) / 2;
  }

  tools() {
    const jump = (title, id, line) => line >= 0 && el('button', { type: 'button', id, onclick: () => this.reveal(line) }, title);
    const stage = (name) => this.log.lines.findIndex((line) => line[2] === name);
    const panic = stage('panicked');
    const crash = stage('capture_panicked');
    return el('div', { class: 'row tools' }, this.input,
      el('button', { type: 'button', id: 'console-previous', title: 'previous match (Shift+Enter)', onclick: () => this.go(-1) }, '↑'),
      el('button', { type: 'button', id: 'console-next', title: 'next match (Enter)', onclick: () => this.go(1) }, '↓'), this.count,
      jump('to the panic', 'to-panic', panic), jump('to the capture kernel', 'to-capture', stage('capture_kernel')),
      jump('to its panic', 'to-capture-panic', crash),
      jump('to the first sign of trouble', 'to-trouble', this.log.lines.findIndex((line) => line[3])),
      jump('to the end', 'to-end', this.log.lines.length - 1),
      el('button', { type: 'button', onclick: () => { const open = !this.groups.every((group) => group.node.open); for (const group of this.groups) group.node.open = open; } }, 'unfold / fold'));
  }

  paint(group) {
    group.painted = true;
    const nodes = [];
    for (let i = group.from; i < group.to; i++) nodes.push(this.line(i));
    group.body.replaceChildren(...nodes);
  }

  line(i) {
    const [time, text, stage, sign] = this.log.lines[i];
    if (typeof text === 'number') return el('div', { class: 'gap', 'data-line': i }, `… ${plural(text, 'line')} left out …`);
    const ofAgent = text.startsWith('kdt-agent: ');
    const marks = [ofAgent && 'agent', stage && `${/panic/.test(stage) ? 'panic ' : ''}stage`, sign && 'trouble', i === this.hits[this.current] && 'current'];
    return el('div', { class: ['line', ...marks.filter(Boolean)].join(' '), 'data-line': i },
      el('span', { class: 'time' }, time.toFixed(3)), el('span', { class: 'said' }, this.marked(i, text)),
      ofAgent && el('span', { class: 'tag' }, 'kdt’s agent'), stage && el('span', { class: 'tag' }, stageNames[stage] ?? stage),
      sign && el('a', { class: 'tag', href: `#/explain/${encodeURIComponent(sign)}` }, sign));
  }

  marked(i, text) {
    if (this.words === '') return text;
    const parts = [];
    let from = 0;
    for (let at = this.texts[i].indexOf(this.words); at >= 0; at = this.texts[i].indexOf(this.words, from)) {
      parts.push(text.slice(from, at), el('mark', {}, text.slice(at, at + this.words.length)));
      from = at + this.words.length;
    }
    return [...parts, text.slice(from)];
  }

  search(words) {
    this.words = words.toLowerCase();
    this.hits = this.words === '' ? [] : this.texts.flatMap((text, i) => (text.includes(this.words) ? [i] : []));
    this.current = this.hits.length > 0 ? 0 : -1;
    for (const group of this.groups) {
      if (this.hits.some((hit) => hit >= group.from && hit < group.to)) { group.painted = true; group.node.open = true; }
      if (group.painted) this.paint(group);
    }
    this.tell();
    if (this.current >= 0) this.reveal(this.hits[0], true);
  }

  go(step) {
    if (this.hits.length === 0) return;
    this.current = (this.current + step + this.hits.length) % this.hits.length;
    this.tell();
    this.reveal(this.hits[this.current]);
  }

  tell() {
    this.count.textContent = this.words === '' ? '' : this.hits.length === 0 ? 'no match' : `${this.current + 1} of ${this.hits.length}`;
  }

  reveal(line, gently = false) {
    const group = this.groups.find((each) => line >= each.from && line < each.to);
    if (!group.painted) this.paint(group);
    group.node.open = true;
    for (const old of this.node.querySelectorAll('.current')) old.classList.remove('current');
    const node = group.body.children[line - group.from];
    node.classList.add('current');
    node.scrollIntoView({ block: gently ? 'nearest' : 'center' });
  }
}
