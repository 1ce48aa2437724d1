// The session description of a sender that never sends, and what is needed of the answer to reach the media server.
import { randomBytes } from 'node:crypto';

export interface ProbeOffer {
  readonly sdp: string;
  readonly ufrag: string;
  readonly password: string;
}

export interface AnsweredMedia {
  readonly ufrag: string;
  readonly password: string;
  readonly candidates: readonly AnsweredCandidate[];
  /** Whether media is to be encrypted with keys of DTLS (RFC 5763), as WebRTC demands. */
  readonly dtlsSrtp: boolean;
}

export interface AnsweredCandidate {
  readonly protocol: 'udp' | 'tcp';
  readonly address: string;
  readonly port: number;
}

/** One audio line. `setup:active`: it is this end that would begin DTLS, so the server has to listen. */
export function probeOffer(): ProbeOffer {
  // RFC 8839, section 5.4, takes letters and digits, at least 4 and 22 of them.
  const ufrag = randomBytes(4).toString('hex');
  const password = randomBytes(16).toString('hex');
  const fingerprint = randomBytes(32).toString('hex').toUpperCase().match(/../g)?.join(':') ?? '';
  const lines = [
    'v=0',
    'o=- 1 1 IN IP4 127.0.0.1',
    's=-',
    't=0 0',
    'a=group:BUNDLE 0',
    'm=audio 9 UDP/TLS/RTP/SAVPF 111',
    'c=IN IP4 0.0.0.0',
    'a=rtcp:9 IN IP4 0.0.0.0',
    `a=ice-ufrag:${ufrag}`,
    `a=ice-pwd:${password}`,
    `a=fingerprint:sha-256 ${fingerprint}`,
    'a=setup:active',
    'a=mid:0',
    'a=sendonly',
    'a=rtcp-mux',
    'a=rtpmap:111 opus/48000/2',
    'a=ssrc:1 cname:probe',
  ];
  return { sdp: `${lines.join('\r\n')}\r\n`, ufrag, password };
}

/**
 * @param more candidates that were told after the answer
 * @returns undefined when the answer takes no media
 */
export function readAnswer(sdp: string, more: readonly string[]): AnsweredMedia | undefined {
  const value = (name: string) => new RegExp(`^a=${name}:(.+?)\\s*$`, 'm').exec(sdp)?.[1];
  const ufrag = value('ice-ufrag');
  const password = value('ice-pwd');
  if (ufrag === undefined || password === undefined) return undefined;
  const texts = [...sdp.matchAll(/^a=(candidate:.+?)\s*$/gm)].map(([, text = '']) => text).concat(more);
  const candidates = texts.flatMap(readCandidate);
  const unique = new Map(candidates.map((one) => [`${one.protocol} ${one.address} ${one.port}`, one]));
  const dtlsSrtp =
    /^m=\S+ \d+ (UDP|TCP)\/TLS\/RTP\/SAVPF? /m.test(sdp) &&
    value('fingerprint') !== undefined &&
    value('crypto') === undefined;
  return { ufrag, password, candidates: [...unique.values()], dtlsSrtp };
}

/** RFC 8839, section 5.1, and RFC 6544, section 4.5: host candidates of the first component that can be gone to. */
function readCandidate(text: string): AnsweredCandidate[] {
  const [, component, protocol = '', , address = '', port, , , ...rest] = text.split(/\s+/);
  const transport = protocol.toLowerCase();
  if (component !== '1' || (transport !== 'udp' && transport !== 'tcp')) return [];
  // Only there for the form: an active end is not listened at.
  if (transport === 'tcp' && rest[rest.indexOf('tcptype') + 1] !== 'passive') return [];
  return [{ protocol: transport, address, port: Number(port) }];
}
