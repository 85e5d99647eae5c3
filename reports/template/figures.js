// Numbers as people read them: the same words as the tables of `kdt report --costs`.

function digits(value) {
  return value.toFixed(value < 9.995 ? 2 : value < 99.95 ? 1 : 0);
}

function showBytes(value) {
  for (const unit of ['', 'K', 'M', 'G']) {
    if (value < 1023.5 || unit === 'G')
      return Number.isInteger(value) ? `${value}${unit}` : `${digits(value)}${unit}`;
    value /= 1024;
  }
}

function show(unit, value) {
  if (unit === 'bytes') return showBytes(value);
  if (unit === 'share') return value > 0 && value < 0.001 ? '<0.1%' : `${(value * 100).toFixed(value < 0.0995 ? 1 : 0)}%`;
  if (unit === 'seconds') return `${digits(value)} s`;
  return value.toLocaleString('en', { maximumFractionDigits: 0 });
}

function showDuration(seconds) {
  if (seconds < 120) return `${digits(seconds)} s`;
  const whole = Math.round(seconds);
  if (whole < 3600) return `${Math.floor(whole / 60)} min ${whole % 60} s`;
  return `${Math.floor(whole / 3600)} h ${Math.floor((whole % 3600) / 60)} min`;
}

function median(values) {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted.length >> 1;
  return sorted.length % 2 === 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
}

/** Bytes of "2G", "512M"; NaN for what is no size. */
function parseSize(text) {
  const match = /^(\d+)([KMGT]?)$/.exec(text);
  return match ? Number(match[1]) * 1024 ** ' KMGT'.indexOf(match[2] || ' ') : NaN;
}
