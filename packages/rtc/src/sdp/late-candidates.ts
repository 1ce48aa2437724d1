// Candidates of ours that are found after the description has been given (trickle ICE, RFC 8838 and RFC 8840): the promise
// that no more will come is taken out of it, and put back with them. Everything else of the description stays.

const END = 'a=end-of-candidates';
const LINE_END = '\r\n';

/** The description with its candidates, but without the word that there are no others (RFC 8840, section 8.2). */
export function awaitingCandidates(sdp: string): string {
  return sdp.replaceAll(END + LINE_END, '');
}

/**
 * The description with `candidates`, UDP ones as `candidate:…`, wherever it names candidates over UDP, and with the word that
 * these are all wherever it names any. What it says already it does not say twice.
 */
export function withLateCandidates(sdp: string, candidates: readonly string[]): string {
  return awaitingCandidates(sdp)
    .split(/(?=^m=)/m)
    .map((section) => withThem(section, candidates))
    .join('');
}

function withThem(section: string, candidates: readonly string[]): string {
  const lines = section.split(LINE_END);
  const last = lines.findLastIndex((line) => line.startsWith('a=candidate:'));
  if (last === -1) return section;
  const isOverUdp = lines.some((line) => /^a=candidate:\S+ \d+ udp /.test(line));
  const late = isOverUdp ? candidates.map((candidate) => `a=${candidate}`) : [];
  const added = late.filter((line) => !lines.includes(line));
  return lines.toSpliced(last + 1, 0, ...added, END).join(LINE_END);
}
