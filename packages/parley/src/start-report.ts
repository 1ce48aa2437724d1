// What the operator reads when Parley is ready: where to open it, where media goes, where the data is, how to stop.
import { isIPv6 } from 'node:net';
import { networkInterfaces } from 'node:os';

export interface Started {
  readonly host: string;
  readonly port: number;
  readonly dataDir: string;
  readonly media:
    | { readonly kind: 'embedded'; readonly rtcPort: number; readonly addresses: readonly string[] }
    | { readonly kind: 'remote'; readonly url: string };
}

/** @param addresses the IPv4 addresses of this machine; asked for when left out */
export function startReport(started: Started, addresses = ownAddresses()): string {
  const { port, media } = started;
  const [nearest, ...others] = hostsOf(started.host, addresses).map((host) => `http://${host}:${port}`);
  const lines: [string, string][] = [['Open', nearest ?? '']];
  if (others.length > 0)
    lines.push(['', `${others.join('  ')}  (browsers give cameras to other machines over HTTPS only)`]);
  lines.push(
    media.kind === 'embedded'
      ? ['Media', `UDP port ${media.rtcPort}, announced as ${media.addresses.join(', ')}`]
      : ['Media', `media server at ${media.url}`],
    ['Data', started.dataDir],
  );
  return [
    'Parley is ready.',
    ...lines.map(([label, text]) => `  ${label.padEnd(7)}${text}`),
    'Press Ctrl-C to stop.',
    '',
  ].join('\n');
}

function hostsOf(host: string, addresses: readonly string[]): string[] {
  if (host === '0.0.0.0' || host === '::') return ['localhost', ...addresses];
  return [isIPv6(host) ? `[${host}]` : host];
}

function ownAddresses(): string[] {
  return Object.values(networkInterfaces())
    .flatMap((addresses) => addresses ?? [])
    .filter(({ family, internal }) => family === 'IPv4' && !internal)
    .map(({ address }) => address);
}
