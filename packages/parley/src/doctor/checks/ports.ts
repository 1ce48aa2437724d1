// Can Parley have its ports? While it runs, they are its own: then this says nothing, and the checks of media and relay do.
import { bindError, type Place } from '../../probes/bind-probe.ts';
import { isLoopback } from '../../addresses.ts';
import { ok, problem, skipped, type Diagnosis } from '../diagnosis.ts';
import type { Patient } from '../patient.ts';

interface Wanted {
  readonly setting: string;
  readonly places: readonly Place[];
}

const REASONS: Readonly<Record<string, readonly [reason: string, fix: string]>> = {
  EADDRINUSE: ['is in use by another program', 'stop it ("ss -lptun" names it), or choose another port with'],
  EACCES: ['may not be opened by this user', 'take a port above 1023, or put Parley behind a proxy; set'],
  EADDRNOTAVAIL: ['is on an address that this machine does not have', 'correct HOST, or'],
};

export async function checkPorts(patient: Patient): Promise<Diagnosis[]> {
  return Promise.all(
    wantedPorts(patient).map(async (wanted) => {
      const { setting, places } = wanted;
      const name = setting;
      const [place] = places;
      if (place === undefined || place.port === 0) return skipped(name, 'any free one will be taken');
      if (patient.url === undefined) return tried(name, wanted);
      // By a proxy's address it is not known whether Parley runs on this machine.
      return patient.outside
        ? skipped(name, `${place.port}: Parley runs, and has its ports`)
        : ok(name, `${place.port} is used by Parley itself`);
    }),
  );
}

async function tried(name: string, { setting, places }: Wanted): Promise<Diagnosis> {
  for (const place of places) {
    const error = await bindError(place);
    if (error === undefined) continue;
    const [reason, fix] = REASONS[error] ?? [`cannot be opened (${error})`, 'choose another one with'];
    const where = `${place.protocol.toUpperCase()} port ${place.port}`;
    return problem(name, `${where} ${reason}`, `${fix} ${setting}`);
  }
  const protocols = [...new Set(places.map(({ protocol }) => protocol.toUpperCase()))].join(' and ');
  return ok(name, `${places[0]?.port ?? 0} is free (${protocols})`);
}

function wantedPorts({ configuration, ownAddresses }: Patient): Wanted[] {
  const { host, port, rtcPort, mediaServerUrl, kurento, turn, trustedProxies } = configuration;
  const both = (hosts: readonly string[], at: number): Place[] =>
    hosts.flatMap((address) =>
      (['udp', 'tcp'] as const).map((protocol) => ({ protocol, host: address, port: at })),
    );
  const wanted: Wanted[] = [{ setting: 'PORT', places: [{ protocol: 'tcp', host, port }] }];
  if (mediaServerUrl === undefined) wanted.push({ setting: 'RTC_PORT', places: both(['0.0.0.0'], rtcPort) });
  if (kurento) wanted.push({ setting: 'KURENTO_LISTEN', places: [placeOf(kurento.listen)] });
  const relays = turn.kind === 'embedded' && mediaServerUrl === undefined;
  // As the embedded relay itself decides; behind a proxy, a page on loopback is everybody's all the same.
  if (relays && (!isLoopback(host) || trustedProxies.length > 0)) {
    wanted.push({ setting: 'TURN_PORT', places: both(ownAddresses, turn.port) });
    const tls = turn.tls?.port;
    const overTls = (address: string, at: number): Place => ({ protocol: 'tcp', host: address, port: at });
    if (tls !== undefined)
      wanted.push({
        setting: 'TURN_TLS_PORT',
        places: ownAddresses.map((address) => overTls(address, tls)),
      });
  }
  return wanted;
}

/** @param listen HOST:PORT, with brackets around addresses of IPv6 */
function placeOf(listen: string): Place {
  const colon = listen.lastIndexOf(':');
  const host = listen.slice(0, colon).replace(/^\[(.*)\]$/, '$1');
  return { protocol: 'tcp', host, port: Number(listen.slice(colon + 1)) };
}
