// The constructor's `qosDscp`, which has no effect here: all endpoints share one socket, and Node.js cannot mark the
// datagrams of one. Kept from breaking applications that ask for it, and told to who runs the server.
import type { Environment } from '../environment.ts';

const toldTo = new WeakSet<Environment>();

/** Says so in the log, once for each server. `value`: the model's `DSCPValue`. */
export function tellOfDscp(environment: Environment, value: unknown): void {
  if (value === undefined || value === 'NO_VALUE' || toldTo.has(environment)) return;
  toldTo.add(environment);
  environment.log.warn(
    { qosDscp: value },
    'qosDscp has no effect: mark the packets of the media port outside',
  );
}
