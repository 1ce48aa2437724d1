// Reads TURN addresses as browsers are told them (RFC 7065). Resolves no names.

export interface TurnUrl {
  readonly transport: 'udp' | 'tcp' | 'tls';
  /** A name or a literal address, without brackets. */
  readonly host: string;
  readonly port: number;
}

const TURN_URL = /^(turns?):(\[[0-9A-Fa-f:.%]+\]|[^:?[\]/@]+)(?::(\d{1,5}))?(?:\?transport=(udp|tcp))?$/;
const DEFAULT_PORTS = { turn: 3478, turns: 5349 } as const;

/** Undefined when the text is no such address, or DTLS (`turns:…?transport=udp`), which browsers do not speak either. */
export function parseTurnUrl(text: string): TurnUrl | undefined {
  const match = TURN_URL.exec(text);
  if (match === null) return undefined;
  const [, scheme, bracketed, digits, asked] = match as unknown as [
    string,
    'turn' | 'turns',
    string,
    string | undefined,
    'udp' | 'tcp' | undefined,
  ];
  const port = digits === undefined ? DEFAULT_PORTS[scheme] : Number(digits);
  if (port === 0 || port > 65_535 || (scheme === 'turns' && asked === 'udp')) return undefined;
  const host = bracketed.startsWith('[') ? bracketed.slice(1, -1) : bracketed;
  return { transport: scheme === 'turns' ? 'tls' : (asked ?? 'udp'), host, port };
}
