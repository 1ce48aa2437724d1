import { describe, expect, it } from 'vitest';
import { awaitingCandidates, withLateCandidates } from './late-candidates.ts';

const UDP = 'a=candidate:1 1 udp 2130706431 192.0.2.1 4000 typ host';
const TCP = 'a=candidate:2 1 tcp 1518280447 192.0.2.1 4000 typ host tcptype passive';
const LATE = 'candidate:3 1 udp 1694498815 198.51.100.1 4001 typ srflx raddr 192.0.2.1 rport 4000';
const END = 'a=end-of-candidates';

function sdp(...lines: string[]): string {
  return lines.join('\r\n') + '\r\n';
}

describe('candidates that are found late', () => {
  it('stand where the description names candidates over UDP, and nowhere else', () => {
    const before = sdp('v=0', 'm=audio 9', UDP, TCP, END, 'm=video 9', 'a=mid:v', 'm=video 9', TCP, END);
    const after = sdp(
      'v=0',
      'm=audio 9',
      UDP,
      TCP,
      `a=${LATE}`,
      END,
      'm=video 9',
      'a=mid:v',
      'm=video 9',
      TCP,
      END,
    );
    expect(withLateCandidates(before, [LATE])).toBe(after);
    expect(withLateCandidates(after, [LATE])).toBe(after);
  });

  it('are not denied before they are looked for', () => {
    const before = sdp('v=0', 'm=audio 9', UDP, TCP, END);
    expect(awaitingCandidates(before)).toBe(sdp('v=0', 'm=audio 9', UDP, TCP));
    expect(withLateCandidates(awaitingCandidates(before), [])).toBe(before);
  });
});
