// Elements. Whatever a guest, a matrix or a host said reaches the page only here, as text nodes and attribute values:
// no part of this script parses markup.

/** An element with attributes (onX: a listener; null, undefined, false: none) and children (elements and texts). */
function el(name, attributes = {}, ...children) {
  return furnish(document.createElement(name), attributes, children);
}

function svg(name, attributes = {}, ...children) {
  return furnish(document.createElementNS('http://www.w3.org/2000/svg', name), attributes, children);
}

function furnish(node, attributes, children) {
  for (const [key, value] of Object.entries(attributes)) {
    if (value === null || value === undefined || value === false) continue;
    if (key.startsWith('on')) node.addEventListener(key.slice(2), value);
    else node.setAttribute(key, value === true ? '' : value);
  }
  node.append(...children.flat(Infinity).filter((child) => child !== null && child !== undefined && child !== false));
  return node;
}

/** A part that opens and closes; its body may be made when it opens first. */
function folded(title, body, { open = false, ...attributes } = {}) {
  const node = el('details', attributes, el('summary', {}, title));
  const unfold = () => {
    if (node.open && node.children.length === 1) furnish(node, {}, [typeof body === 'function' ? body() : body]);
  };
  node.addEventListener('toggle', unfold);
  node.unfold = () => { node.open = true; unfold(); };
  node.open = open;
  unfold();
  return node;
}

/** Rows are lists of contents of cells; heads may be "" for a column that needs no name. Narrow screens stack the cells. */
function table(heads, rows, attributes = {}) {
  const row = (contents) => el('tr', {}, contents.map((content, i) => el('td', { 'data-head': heads[i] }, content)));
  return el('table', attributes, el('thead', {}, el('tr', {}, heads.map((head) => el('th', { scope: 'col' }, head)))),
    el('tbody', {}, rows.map(row)));
}

function plural(count, one, many = one + 's') {
  return `${count.toLocaleString('en')} ${count === 1 ? one : many}`;
}
