// How an endpoint fares that a former life of this server made: asked for, and told as the events would have been.
import type { EventHandler, MediaServer } from '../kurento/media-server.ts';
import type { LegEvent } from '../media/leg.ts';

/**
 * Tells the handlers what they missed. To be called after the subscriptions, so that no change falls between.
 * @throws MediaServerError
 */
export async function tellState(
  mediaServer: MediaServer,
  endpoint: string,
  events: Partial<Record<LegEvent, EventHandler>>,
): Promise<void> {
  const connection = mediaServer.invoke(endpoint, 'getConnectionState');
  const flows = events.MediaFlowOutStateChanged
    ? (['AUDIO', 'VIDEO'] as const).map(async (mediaType) => {
        const flowing = await mediaServer.invoke(endpoint, 'isMediaFlowingOut', { mediaType });
        if (flowing === true) events.MediaFlowOutStateChanged?.({ mediaType, state: 'FLOWING' });
      })
    : [];
  // CONNECTED means that packets can pass: ICE and DTLS are done (kmd, ConnectionState).
  if ((await connection) === 'CONNECTED') {
    events.IceComponentStateChanged?.({ state: 'CONNECTED' });
    events.DtlsConnectionStateChange?.({ state: 'CONNECTED' });
    events.ConnectionStateChanged?.({ newState: 'CONNECTED' });
  }
  await Promise.all(flows);
}
