// What the application servers of Kurento's tutorials do between a browser and kurento-client, in the order of their calls.
import type { BrowserPeer } from './kurento-page.ts';
import { IceCandidate, type Callback, type Refusal, type WebRtcEndpoint } from './kurento-client.ts';

/**
 * The browser offers: its candidates go to the endpoint at once, also before its offer; then offer, answer, and what the
 * endpoint gathers. Resolves when both descriptions are set.
 */
export async function answerBrowser(endpoint: WebRtcEndpoint, peer: BrowserPeer): Promise<void> {
  const offer = await peer.offer();
  peer.onCandidate((candidate) => void endpoint.addIceCandidate(IceCandidate(candidate)));
  let accept: () => void = () => undefined;
  const accepted = new Promise<void>((resolve) => (accept = resolve));
  endpoint.on('IceCandidateFound', ({ candidate }) => {
    // As their pages do: what comes before the answer waits for it.
    void accepted.then(() => peer.addCandidate(candidate as RTCIceCandidateInit));
  });
  await peer.acceptAnswer(await endpoint.processOffer(offer));
  accept();
  await endpoint.gatherCandidates();
}

/** The error that a call of kurento-client ends with. By callback, since the client prints what has none. */
export function refusalOf(call: (callback: Callback) => unknown): Promise<Refusal> {
  return new Promise((resolve, reject) => {
    call((error, result) =>
      error ? resolve(error) : reject(new Error(`not refused: ${JSON.stringify(result)}`)),
    );
  });
}

/** Resolves with the next event of a type. To be called before what causes it. */
export function nextEvent(
  object: { once(type: string, listener: (event: Record<string, unknown>) => void): unknown },
  type: string,
): Promise<Record<string, unknown>> {
  return new Promise((resolve) => object.once(type, resolve));
}
