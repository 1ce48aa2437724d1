// Does the media server's control socket let in whoever reaches it? Tried without a token, on every address by which other
// machines reach this one, and at MEDIA_SERVER_URL.
import { securityFinding } from '@parley/protocol';
import { isAnyAddress, isLoopback, urlHost } from '../../addresses.ts';
import { tryControlSocket, type ControlSocketAnswer } from '../../probes/kurento-probe.ts';
import { mediaServerSockets, type ListeningSocket } from '../../probes/own-sockets.ts';
import { judged, listed, type Judgement } from '../judgement.ts';
import type { AuditSubject } from '../subject.ts';

/** Where the original listens unless told otherwise. */
const USUAL_PORT = 8888;

/** @param sockets where media servers of this machine listen */
export async function judgeControlSocket(
  { configuration, ownAddresses }: AuditSubject,
  sockets?: readonly ListeningSocket[],
): Promise<Judgement> {
  const { mediaServerUrl } = configuration;
  const named = mediaServerUrl === undefined ? undefined : new URL(mediaServerUrl);
  const ports = named && isLocal(named.hostname, ownAddresses) ? [USUAL_PORT, portOf(named)] : [USUAL_PORT];
  const usual = ports.flatMap((port) => ownAddresses.map((address) => ({ address, port })));
  const listening = (sockets ?? (await mediaServerSockets())).flatMap((socket) =>
    isAnyAddress(socket.address) ? ownAddresses.map((address) => ({ ...socket, address })) : [socket],
  );
  const places = [...usual, ...listening]
    .filter(({ address }) => !isLoopback(address))
    .flatMap(({ address, port }) =>
      ['ws', 'wss'].map((scheme) => `${scheme}://${urlHost(address)}:${port}/kurento`),
    );
  if (named !== undefined && !isLoopback(named.hostname)) places.push(named.href);
  const urls = [...new Set(places)];
  const answers = await Promise.all(urls.map(async (url) => [url, await tryControlSocket(url)] as const));
  return judgeAnswers(answers);
}

/** @param answers of control sockets that other machines reach, by their URLs */
export function judgeAnswers(answers: readonly (readonly [string, ControlSocketAnswer])[]): Judgement {
  const where = (...wanted: ControlSocketAnswer[]) =>
    answers.filter(([, answer]) => wanted.includes(answer)).map(([url]) => url);
  const open = where('open');
  const clear = where('open', 'asks-for-token').filter((url) => url.startsWith('ws:'));
  const guarded = where('asks-for-token').filter((url) => url.startsWith('wss:'));
  return judged(
    guarded.length > 0
      ? `asks for a token, over TLS: ${listed(guarded)}`
      : `none answers other machines (${answers.length} addresses and ports tried)`,
    open.length > 0
      ? securityFinding('control-socket-open', `a ping without a token was answered by ${listed(open)}`)
      : undefined,
    clear.length > 0
      ? securityFinding(
          'control-socket-without-tls',
          `speaks the Kurento Protocol without TLS: ${listed(clear)}`,
        )
      : undefined,
  );
}

function isLocal(host: string, ownAddresses: readonly string[]): boolean {
  return isLoopback(host) || ownAddresses.some((address) => urlHost(address) === host);
}

function portOf({ port, protocol }: URL): number {
  return port === '' ? (protocol === 'wss:' ? 443 : 80) : Number(port);
}
