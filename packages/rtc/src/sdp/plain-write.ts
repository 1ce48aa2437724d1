// Writes the description of plain RTP, line by line, from values that were checked when they were read. Decides nothing.
import type { PlainLine } from './plain-negotiation.ts';
import { writeCrypto } from './plain-crypto.ts';
import { codecLines, joinLines } from './write.ts';

export interface PlainSession {
  /** For the o-line: digits. */
  readonly sessionId: number | string;
  readonly sessionName: string;
  /** Where media is received: an IP literal. */
  readonly address: string;
  readonly cname: string;
  /** 'offer': says too that either side may connect to the other (RFC 4145), as Kurento's offers do. */
  readonly as: 'offer' | 'answer';
  /** Most that we want to receive of a kind, in kbit/s (`b=AS`); 0: nothing is written. */
  bandwidthOf(line: PlainLine): number;
  /** The ports of an accepted line. */
  portsOf(line: PlainLine): { readonly rtp: number; readonly rtcp: number };
}

/**
 * The text, each line ended by CRLF.
 * @throws {Error} if a value of ours contains a control character: that is a bug of the caller.
 */
export function writePlainDescription(session: PlainSession, lines: readonly PlainLine[]): string {
  const address = `IN IP${session.address.includes(':') ? 6 : 4} ${session.address}`;
  return joinLines([
    'v=0',
    `o=- ${session.sessionId} 1 ${address}`,
    `s=${session.sessionName}`,
    `c=${address}`,
    't=0 0',
    ...lines.flatMap((line) => (line.media.accepted ? takenLines(session, line) : refusedLines(line))),
  ]);
}

function refusedLines({ media, type, protocol, formats }: PlainLine): string[] {
  const mid = media.mid === undefined ? [] : [`a=mid:${media.mid}`];
  return [`m=${type} 0 ${protocol} ${formats.join(' ')}`, ...mid, 'a=inactive'];
}

function takenLines(session: PlainSession, line: PlainLine): string[] {
  const { media, type, protocol, formats, rtcpMux, crypto, comesToUs } = line;
  const { rtp, rtcp } = session.portsOf(line);
  const bandwidth = session.bandwidthOf(line);
  const lines = [`m=${type} ${rtp} ${protocol} ${formats.join(' ')}`];
  if (bandwidth > 0) lines.push(`b=AS:${bandwidth}`);
  if (session.as === 'offer') lines.push('a=setup:actpass');
  else if (comesToUs) lines.push('a=setup:passive');
  if (media.mid !== undefined) lines.push(`a=mid:${media.mid}`);
  lines.push(`a=${media.direction}`, rtcpMux ? 'a=rtcp-mux' : `a=rtcp:${rtcp}`);
  if (crypto) lines.push(`a=${writeCrypto({ tag: crypto.tag, keys: crypto.send })}`);
  lines.push(...media.codecs.flatMap(codecLines));
  if (media.localSsrc !== undefined) lines.push(`a=ssrc:${media.localSsrc} cname:${session.cname}`);
  return lines;
}
