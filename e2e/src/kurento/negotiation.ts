// The usual way from two ends that know nothing of each other to media: offer, answer, candidates both ways. For tests
// that are about something else.
import type { DrivenPeer } from './driven-peer.ts';
import type { KurentoConnection } from './kurento-connection.ts';

/** The browser offers, the endpoint answers; resolves when both descriptions are set. */
export async function browserOffers(
  connection: KurentoConnection,
  endpoint: string,
  peer: DrivenPeer,
): Promise<void> {
  await connection.subscribe(endpoint, 'IceCandidateFound');
  const answer = await connection.invoke<string>(endpoint, 'processOffer', { offer: await peer.offer() });
  await peer.acceptAnswer(answer);
  await trickle(connection, endpoint, peer);
}

/** The endpoint offers, the browser answers; resolves when both descriptions are set. */
export async function endpointOffers(
  connection: KurentoConnection,
  endpoint: string,
  peer: DrivenPeer,
): Promise<void> {
  await connection.subscribe(endpoint, 'IceCandidateFound');
  const offer = await connection.invoke<string>(endpoint, 'generateOffer');
  await connection.invoke(endpoint, 'processAnswer', { answer: await peer.answer(offer) });
  await trickle(connection, endpoint, peer);
}

/** Sends the browser's candidates as they come, and gives it those of the endpoint. */
async function trickle(connection: KurentoConnection, endpoint: string, peer: DrivenPeer): Promise<void> {
  await connection.subscribe(endpoint, 'IceGatheringDone');
  peer.onCandidate((candidate) => {
    // One that comes after the end of the test has nobody to be told to.
    connection.invoke(endpoint, 'addIceCandidate', { candidate }).catch(() => undefined);
  });
  await connection.invoke(endpoint, 'gatherCandidates');
  await connection.event(endpoint, 'IceGatheringDone');
  for (const { data } of connection.eventsOf(endpoint, 'IceCandidateFound'))
    await peer.addCandidate(data['candidate'] as RTCIceCandidateInit);
}
