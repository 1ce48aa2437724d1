// The form in which Kurento's clients name a TURN server: `user:password@host:port(?transport=udp|tcp|tls)`.
import { isIP } from 'node:net';
import { KurentoError } from '@parley/protocol';
import type { TurnServer } from '../transport/relay.ts';
import { isServerAddress } from '../transport/server-address.ts';
import type { TurnTransport } from '../transport/turn-socket.ts';

/** User names of temporary credentials have colons, their passwords have none. */
const FORM = /^(.+):([^:]+)@(?:\[([^\]@]+)\]|([^:@]+)):(\d{1,5})(?:\?transport=(udp|tcp|tls))?$/;

/** RFC 1123, section 2.1; what may stand in a certificate, too. */
const NAME = /^(?=.{1,253}$)[a-z0-9]([a-z0-9-]*[a-z0-9])?(\.[a-z0-9]([a-z0-9-]*[a-z0-9])?)*$/i;

/** @throws KurentoError MEDIA_OBJECT_ILLEGAL_PARAM_ERROR; without what was in it */
export function parseTurnUrl(url: string): TurnServer {
  const [, username = '', password = '', ipv6, name = '', digits, transport = 'udp'] = FORM.exec(url) ?? [];
  const [host, port] = [ipv6 ?? name, Number(digits)];
  if (!(port >= 1 && port <= 65_535) || (ipv6 !== undefined && isIP(ipv6) !== 6))
    throw illegal('turnUrl has the form user:password@host:port?transport=udp|tcp|tls');
  const isReachable = isIP(host) === 0 ? NAME.test(host) : !host.includes('%') && isServerAddress(host);
  if (!isReachable) throw illegal(`turnUrl cannot name ${host}, which is no address of such a server`);
  return { username, password, host, port, transport: transport as TurnTransport };
}

function illegal(message: string): KurentoError {
  return new KurentoError('MEDIA_OBJECT_ILLEGAL_PARAM_ERROR', message);
}
