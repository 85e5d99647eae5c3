// The words of kdt's own that a page cannot do without, for who meets them for the first time.

const glossary = {
  rule: 'a line of matrices/expectations/ that says what a cell should show, when, and why, with a source',
  baseline: 'a cell that is meant to reserve or load nothing, which passes where a rule says so; of a comparison: the earlier run that this one is held against',
  agent: 'kdt’s own program in the guest, /init, the first process of the system kernel and of the capture kernel: it does what it is asked and answers',
  port: 'the serial line, beside the console, on which kdt asks and the agent answers',
  fingerprint: 'a number over all that a cell is made of (parameters, kernel, initramfs, QEMU): cells of two runs with the same one are the same experiment',
};

function glossaryView() {
  return folded('words that this page uses', () => el('dl', { class: 'explain' },
    Object.entries(glossary).map(([word, meaning]) => [el('dt', {}, word), el('dd', {}, `${meaning}.`)])), { id: 'glossary' });
}
