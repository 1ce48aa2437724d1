// Does the relay work? An allocation over each way that browsers are told, and a channel to the media server.
import { probeTurn, type TurnProbeResult } from '@parley/turn-server';
import { isLoopback, urlHost } from '../../addresses.ts';
import type { TurnAccess } from '../../audit/subject.ts';
import { ok, problem, skipped, warning, type Diagnosis } from '../diagnosis.ts';
import type { Patient } from '../patient.ts';

const NAME = 'relay';
/** Unauthorized, to credentials that were made a moment ago. */
const UNAUTHENTICATED = 401;
/** Node's and OpenSSL's words for one that is not believed, or is for somebody else. */
const CERTIFICATE = /certificate|altnames/i;

export async function checkRelay(patient: Patient): Promise<Diagnosis[]> {
  let access: TurnAccess[];
  try {
    access = await patient.turn();
  } catch (error) {
    return [
      problem(NAME, `Parley did not say which relay to use: ${(error as Error).message}`, 'see its log'),
    ];
  }
  if (access.length === 0) return [none(patient)];
  const media = await mediaPeers(patient);
  return Promise.all(
    access.flatMap(({ urls, username, credential }) =>
      urls.map(async (url) => {
        const result = await probeTurn({ url, username, credential, peers: media });
        return diagnosis(url, result, media, patient);
      }),
    ),
  );
}

function none({ url, configuration: { turn, host, trustedProxies } }: Patient): Diagnosis {
  const fix = 'set TURN_PORT, or TURN_URL and TURN_SECRET';
  const lacking = 'there is no relay: networks that let nothing through to RTC_PORT keep people out';
  if (turn.kind === 'off') return warning(NAME, lacking, fix);
  if (isLoopback(host) && trustedProxies.length === 0)
    return skipped(NAME, 'none is needed, since only this machine reaches the page');
  if (url === undefined) return skipped(NAME, 'its own, which starts with it');
  return warning(NAME, lacking, fix);
}

async function mediaPeers(patient: Patient): Promise<string[]> {
  const { url, configuration } = patient;
  const { announcedIps, rtcPort } = configuration;
  const places =
    url === undefined
      ? announcedIps.map((address) => ({ address, port: rtcPort }))
      : // That it cannot be had is told by the check of media.
        await patient.media(url).then(
          ({ candidates }) => candidates,
          () => [],
        );
  return [...new Set(places.map(({ address, port }) => `${urlHost(address)}:${port}`))];
}

function diagnosis(
  url: string,
  result: TurnProbeResult,
  media: readonly string[],
  { configuration }: Patient,
): Diagnosis {
  const name = `${NAME} ${url}`;
  const external = configuration.turn.kind === 'external';
  if (!result.allocated && result.errorCode === UNAUTHENTICATED)
    return problem(
      name,
      'it refuses credentials that were made a moment ago',
      external
        ? 'set the same TURN_SECRET here and there, and compare the clocks of both machines'
        : 'compare the clock with that of this machine; see the log',
    );
  if (!result.allocated)
    return problem(
      name,
      `it gives no allocation: ${result.error ?? 'no answer'}`,
      remedyFor(url, result, external),
    );
  const refused = media.filter((peer) => !result.permitted[peer]);
  const roundTrip =
    result.roundTripMs === undefined ? '' : `, round trip ${Math.ceil(result.roundTripMs)} ms`;
  const text = `gives an allocation (${result.relayedAddress ?? ''}${roundTrip})`;
  if (media.length === 0)
    return ok(name, `${text}; where the media server is, is known only while Parley runs`);
  if (refused.length === media.length)
    return problem(
      name,
      `${text}, but relays to no address of the media server (${media.join(', ')})`,
      'allow them at the TURN server (coturn: allowed-peer-ip)',
    );
  if (refused.length > 0)
    return ok(name, `${text} and relays to the media server, though not to ${refused.join(', ')}`);
  return ok(name, `${text} and relays to the media server`);
}

/** For a relay that gives no allocation. */
function remedyFor(url: string, { error = '' }: TurnProbeResult, external: boolean): string {
  // Browsers ask nobody whether to go on with such a relay.
  if (CERTIFICATE.test(error))
    return 'give it a certificate of an authority for that name, unless all browsers are told to trust this one';
  if (external) return 'is it running, and does a firewall let this through?';
  return `let ${/^turns:/i.test(url) ? 'TURN_TLS_PORT' : 'TURN_PORT'} through the firewall`;
}
