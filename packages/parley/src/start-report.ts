// What the operator reads when Parley is ready: where to open it, where media goes, where the data is, how to stop.
import { isIPv4 } from 'node:net';
import { ownAddresses, urlHost } from './addresses.ts';

export interface Started {
  readonly host: string;
  readonly port: number;
  readonly dataDir: string;
  /** Undefined: the page is served in clear. */
  readonly certificate:
    | {
        readonly file: string;
        readonly selfMade: boolean;
        /** SHA-256 as browsers show it. */
        readonly fingerprint: string;
        readonly validTo: Date;
      }
    | undefined;
  /** `token`: made at this start, and shown this once. */
  readonly admin: { readonly file: string; readonly token?: string | undefined };
  readonly media:
    | {
        readonly kind: 'embedded';
        readonly rtcPort: number;
        readonly addresses: readonly string[];
        /** Where other clients may reach it. */
        readonly kurentoUrl?: string | undefined;
      }
    | { readonly kind: 'remote'; readonly url: string };
  /** Where browsers are relayed, in words. */
  readonly relay: string;
}

/** @param addresses the IPv4 addresses of this machine; asked for when left out */
export function startReport(started: Started, addresses = ownAddresses().filter(isIPv4)): string {
  const { port, media, certificate } = started;
  const scheme = certificate ? 'https' : 'http';
  const [nearest, ...others] = hostsOf(started.host, addresses).map((host) => `${scheme}://${host}:${port}`);
  const lines: [string, string][] = [['Open', nearest ?? '']];
  if (others.length > 0)
    lines.push([
      '',
      others.join('  ') +
        (certificate ? '' : '  (other machines get their cameras over HTTPS only: see --tls)'),
    ]);
  if (certificate) lines.push(...tlsLines(certificate));
  lines.push(
    media.kind === 'embedded'
      ? ['Media', `UDP and TCP port ${media.rtcPort}, announced as ${media.addresses.join(', ')}`]
      : ['Media', `media server at ${media.url}`],
    ...kurentoLines(media),
    ['Relay', started.relay],
    ['Data', started.dataDir],
    ...adminLines(started.admin, nearest ?? ''),
  );
  return [
    'Parley is ready.',
    ...lines.map(([label, text]) => `  ${label.padEnd(7)}${text}`),
    'Press Ctrl-C to stop.',
    '',
  ].join('\n');
}

function kurentoLines(media: Started['media']): [string, string][] {
  if (media.kind === 'remote' || media.kurentoUrl === undefined) return [];
  return [['', `other clients of the Kurento Protocol reach it at ${media.kurentoUrl}`]];
}

function adminLines({ file, token }: Started['admin'], address: string): [string, string][] {
  if (token === undefined) return [['Admin', `${address}/admin, with the token in ${file}`]];
  return [
    ['Admin', `${address}/admin, with this token (shown this once; kept in ${file}):`],
    ['', token],
  ];
}

function tlsLines(certificate: NonNullable<Started['certificate']>): [string, string][] {
  const { file, selfMade, fingerprint, validTo } = certificate;
  const until = `valid until ${validTo.toISOString().slice(0, 10)}`;
  if (!selfMade) return [['TLS', `certificate ${file}, ${until}`]];
  return [
    ['TLS', `self-signed certificate ${file}, ${until}`],
    ['', 'WARNING: nobody vouches for it, so each browser asks once. Go on ("Advanced", "Proceed") only if'],
    [
      '',
      'the certificate that the browser shows has this SHA-256 fingerprint; otherwise somebody listens in:',
    ],
    ['', fingerprint],
  ];
}

function hostsOf(host: string, addresses: readonly string[]): string[] {
  if (host === '0.0.0.0' || host === '::') return ['localhost', ...addresses];
  return [urlHost(host)];
}
