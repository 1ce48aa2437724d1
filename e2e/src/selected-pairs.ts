// How a page's peer connections reach the server, as its own statistics say.
import type { Page } from 'playwright-core';

type Keeper = typeof globalThis & { connections: RTCPeerConnection[] };

/** To be called before the page is opened. */
export async function keepConnections(page: Page): Promise<void> {
  await page.addInitScript(() => {
    const keeper = globalThis as Keeper;
    keeper.connections = [];
    keeper.RTCPeerConnection = class extends RTCPeerConnection {
      constructor(configuration?: RTCConfiguration) {
        super(configuration);
        keeper.connections.push(this);
      }
    };
  });
}

/** Of each connected one: the type of its own candidate, and what it speaks to the relay, such as `relay tls 10.0.0.1`. */
export function selectedPairs(page: Page): Promise<string[]> {
  return page.evaluate(async () => {
    const { connections } = globalThis as Keeper;
    const alive = connections.filter(({ connectionState }) => connectionState === 'connected');
    return Promise.all(
      alive.map(async (connection) => {
        const stats = [...(await connection.getStats()).values()] as Record<string, unknown>[];
        const transport = stats.find(({ type }) => type === 'transport');
        const pair = stats.find(({ id }) => id === transport?.['selectedCandidatePairId']);
        const local = stats.find(({ id }) => id === pair?.['localCandidateId']);
        const {
          candidateType = '',
          relayProtocol = '',
          address = '',
        } = (local ?? {}) as Record<string, string>;
        return `${candidateType} ${relayProtocol} ${address}`;
      }),
    );
  });
}
