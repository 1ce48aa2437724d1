// Our side of a session as the tests of SDP describe it: the same numbers wherever texts are compared.
import type { LocalSession } from '../sdp/answer.ts';
import { hostCandidate, writeCandidate } from '../sdp/candidate.ts';

export const local: LocalSession = {
  sessionId: 4711,
  sessionName: 'Parley',
  iceUfrag: 'oUr1',
  icePwd: 'ourPasswordOf24Character',
  fingerprint: { algorithm: 'sha-256', value: Array.from({ length: 32 }, () => 'AB').join(':') },
  candidates: [writeCandidate(hostCandidate('192.0.2.1', 40000))],
  setup: 'passive',
  cname: 'stream@parley',
  ssrcFor: (_kind, index) => ({ ssrc: 1000 + index, rtxSsrc: 2000 + index }),
  iceLite: true,
};
