// What finding codes and signs of trouble mean: the words of `kdt explain`.

/** explained: the finding itself names a cause, so that the usual ones come second. */
function explanation(code, explained = false) {
  const known = report.explain.codes[code] ?? report.explain.signs[code];
  if (!known) return el('p', { class: 'quiet' }, 'kdt knows no more about this.');
  const entry = (title, text) => text && [el('dt', {}, title), el('dd', {}, `${text}.`)];
  const list = el('dl', { class: 'explain' }, entry('Meaning', known.meaning), !explained && entry('Usual causes', known.causes), entry('What next', known.next));
  return explained && known.causes ? [list, folded('Other usual causes', () => el('p', {}, `${known.causes}.`))] : list;
}

function explainPage(code) {
  const names = code ? [code] : [...Object.keys(report.explain.codes)];
  const one = (name) => {
    const known = report.explain.codes[name] ?? report.explain.signs[name];
    return el('section', {}, el('h2', {}, name), known && el('p', { class: 'quiet' }, `${known.phase ? `phase ${known.phase}, ` : 'seen in what a guest prints, '}usually blamed on: ${known.blame}`), explanation(name));
  };
  const signs = Object.keys(report.explain.signs);
  return [
    el('nav', { class: 'row' }, el('a', { href: `#/?${page.overviewQuery}` }, '↖ all cells'), code && el('a', { href: '#/explain' }, 'every code')),
    el('h1', {}, code || 'What findings mean'), names.map((name) => (code ? one(name).lastChild : one(name))),
    !code && signs.length > 0 && [el('h1', {}, 'Signs of trouble in what a guest prints'), signs.map(one)],
  ];
}
