// The form in which Kurento's clients name a TURN server: `user:password@address:port(?transport=udp|tcp|tls)`.
import { KurentoError } from '@parley/protocol';
import type { TurnServer } from '../transport/relay.ts';

/** User names of temporary credentials have colons, their passwords have none. */
const FORM = /^(.+):([^:]+)@(?:\[([^\]@]+)\]|([^:@]+)):(\d{1,5})(?:\?transport=(udp|tcp|tls))?$/;

/** @throws KurentoError MEDIA_OBJECT_ILLEGAL_PARAM_ERROR, NOT_IMPLEMENTED for TCP and TLS; without what was in it */
export function parseTurnUrl(url: string): TurnServer {
  const [, username = '', password = '', ipv6, address = '', port, transport = 'udp'] = FORM.exec(url) ?? [];
  const number = Number(port);
  if (!(number >= 1 && number <= 65_535))
    throw new KurentoError(
      'MEDIA_OBJECT_ILLEGAL_PARAM_ERROR',
      'turnUrl has the form user:password@address:port?transport=udp',
    );
  if (transport !== 'udp')
    throw new KurentoError(
      'NOT_IMPLEMENTED',
      `This media server reaches TURN servers by UDP only, not by ${transport}`,
    );
  return { username, password, address: ipv6 ?? address, port: number };
}
