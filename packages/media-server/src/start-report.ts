// What the operator reads when the media server runs alone: where clients reach it, where media goes, which folders they have.
import type { RtpPortRange } from './transport/rtp-ports.ts';

/** Who may speak the Kurento Protocol here. */
export type Access = 'token' | 'this machine' | 'any page' | 'anybody';

export interface StartedMediaServer {
  readonly url: string;
  readonly access: Access;
  readonly rtcPort: number;
  readonly addresses: readonly string[];
  readonly rtpPorts: RtpPortRange;
  readonly httpPort: number;
  readonly dataDir: string;
  readonly filesDirs: readonly string[];
}

const ACCESS: Record<Access, string> = {
  token: 'token: asked for',
  'this machine': 'no token: programs of this machine',
  'any page': 'OPEN TO ANY PAGE that a browser of this machine opens',
  anybody: 'OPEN TO ANYBODY',
};

/** Several lines, the last one ended too. */
export function startReport(started: StartedMediaServer): string {
  const { url, access, rtcPort, addresses, rtpPorts, httpPort, dataDir, filesDirs } = started;
  const post = httpPort === 0 ? 'any free port' : String(httpPort);
  const lines = [
    ['Kurento', `${url}   (${ACCESS[access]})`],
    ['Media', `UDP and TCP ${rtcPort}, announced as ${addresses.join(', ')}`],
    [
      'RTP',
      `UDP ${rtpPorts.first}-${rtpPorts.last}        HTTP posts ${post}, when an endpoint asks for one`,
    ],
    ['Files', [`${dataDir} (recordings and players)`, ...filesDirs].join(', ')],
  ];
  return [
    'Media server is ready.',
    ...lines.map(([label, text]) => `  ${label.padEnd(9)}${text}`),
    'Press Ctrl-C to stop.',
    '',
  ].join('\n');
}
