// Does media come through? A real ICE check on every address that the running media server names, over UDP and TCP.
import { tryControlSocket } from '../../probes/kurento-probe.ts';
import type { ProbedCandidate } from '../../probes/media-probe.ts';
import { urlHost } from '../../addresses.ts';
import { ok, problem, skipped, warning, type Diagnosis } from '../diagnosis.ts';
import type { Patient } from '../patient.ts';

const NOT_RUNNING = 'Parley is not running: start it and ask again to have this tried for real';

export async function checkMedia(patient: Patient): Promise<Diagnosis[]> {
  const names = ['media over UDP', 'media over TCP'];
  const { url, ownAddresses } = patient;
  if (url === undefined) return names.map((name) => skipped(name, NOT_RUNNING));
  try {
    const { candidates } = await patient.media(url);
    return (['udp', 'tcp'] as const).map((protocol, index) =>
      diagnosis(
        names[index] ?? '',
        candidates.filter((candidate) => candidate.protocol === protocol),
        ownAddresses,
      ),
    );
  } catch (error) {
    const text = `no test session could be made: ${(error as Error).message}`;
    return [problem('media', text, 'see the log of Parley; is the media server running?')];
  }
}

function diagnosis(
  name: string,
  candidates: readonly ProbedCandidate[],
  ownAddresses: readonly string[],
): Diagnosis {
  const place = ({ address, port }: ProbedCandidate) => `${urlHost(address)}:${port}`;
  const reached = candidates.filter((candidate) => candidate.reached);
  const missed = candidates.filter((candidate) => !candidate.reached);
  if (candidates.length === 0)
    return warning(
      name,
      'the media server names no address for it',
      'nothing, if it is not Parley’s own; calls then need the other protocol or the relay',
    );
  if (missed.length === 0) return ok(name, `an ICE check was answered by ${reached.map(place).join(', ')}`);
  const text = missed.map((candidate) => `${place(candidate)}: ${candidate.why ?? ''}`).join('; ');
  // Many routers do not let their own public address be reached from inside.
  const translated = missed.every(({ address }) => !ownAddresses.includes(address));
  if (translated)
    return warning(
      name,
      `${text}. It is not an address of this machine, so this may be the router that does not lead back inside`,
      'open /check in a browser outside of this network; let the router pass RTC_PORT on to this machine',
    );
  const fix = 'let RTC_PORT through the firewall, UDP and TCP; correct ANNOUNCED_IPS';
  return reached.length > 0 ? warning(name, text, fix) : problem(name, text, fix);
}

export async function checkMediaServer(patient: Patient): Promise<Diagnosis> {
  const name = 'media server';
  const { installation, configuration } = patient;
  const { mediaServerUrl } = configuration;
  if (installation.state === 'running') {
    if (installation.health.mediaServer === 'connected') return ok(name, 'connected');
    return problem(name, 'Parley runs, but does not reach its media server', 'see the log of both');
  }
  if (mediaServerUrl === undefined) return skipped(name, 'its own, which starts with it');
  const answer = await tryControlSocket(mediaServerUrl);
  if (answer !== 'nothing') return ok(name, `${mediaServerUrl} answers`);
  return problem(
    name,
    `nothing answers at ${mediaServerUrl}`,
    'start it, correct MEDIA_SERVER_URL, or let its port through the firewall',
  );
}

export function checkDatabase({ installation, configuration }: Patient): Diagnosis {
  const name = 'database';
  if (installation.state !== 'running')
    return skipped(name, configuration.databaseUrl === undefined ? 'a file of its own' : NOT_RUNNING);
  if (installation.health.database === 'connected') return ok(name, 'answers');
  return problem(
    name,
    'Parley runs, but does not reach its database',
    'is DATABASE_URL right, and is it up?',
  );
}
