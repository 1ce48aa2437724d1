// Runs once before the tests of the media server with the clients and peers of others.
import { setup as setUpBrowsers } from '../global-setup.ts';
import { ensureKurentoClients } from './npm-clients.ts';

/** @throws Error with one line that says what to type */
export function setup(): void {
  setUpBrowsers();
  ensureKurentoClients();
}
