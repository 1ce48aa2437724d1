// Tries one way to the media server: a peer connection that may use nothing else, with an endpoint at its other end that
// sends back what it gets. What its outcome means for a person is said in check-findings.ts.
import type { FailureCause, IceServer } from '@parley/protocol';
import { countsOf, type MediaKind } from './leg-evidence.ts';
import { isIceConnected } from './peer-leg.ts';
import type { SignallingLike } from './signalling.ts';

export type PathKind = 'udp' | 'tcp' | 'relay';

export type PathOutcome =
  | {
      result: 'ok';
      roundTripMs: number | undefined;
      /** How the browser speaks to the relay: `udp`, `tcp` or `tls`. */
      relayProtocol: string | undefined;
      /** What was sent and did not come back. */
      missing: readonly MediaKind[];
    }
  /** The media server has no such address. */
  | { result: 'not-offered' }
  | { result: 'failed'; cause: FailureCause; detail: string };

export interface PathCheckOptions {
  kind: PathKind;
  signalling: SignallingLike;
  /** For the relay. */
  iceServers: readonly IceServer[];
  /** What is sent, and has to come back. They stay the caller's. */
  tracks: readonly MediaStreamTrack[];
  createPeerConnection: (configuration: RTCConfiguration) => RTCPeerConnection;
  /** Ends the check early; its outcome is then of no interest. */
  signal: AbortSignal;
}

/** How long the browser may take to find its own addresses, in ms; a relay that does not answer is given up after that. */
export const GATHERING_MS = 4_000;
/** How long the connection may take, in ms: through a reachable server it takes well under one second. */
export const CONNECT_MS = 6_000;
/** How long the own media may take to come back, in ms: a picture waits for its first key frame. */
export const MEDIA_MS = 5_000;
const LOOK_MS = 200;
/** How long the server may take to let the endpoint go, in ms; it does so by itself anyway. */
const STOP_MS = 3_000;

/** RFC 8839, section 5.1: foundation, component, transport. */
const CANDIDATE = /^a=candidate:\S+ \S+ (\S+)/im;

/** @throws JsonRpcError when the server refuses, NoAnswerError, DOMException */
export async function checkPath(options: PathCheckOptions): Promise<PathOutcome> {
  const { kind, signalling, iceServers, tracks, createPeerConnection, signal } = options;
  const relayed = kind === 'relay';
  const connection = createPeerConnection({
    iceServers: relayed ? iceServers.map((server) => ({ ...server })) : [],
    iceTransportPolicy: relayed ? 'relay' : 'all',
    bundlePolicy: 'max-bundle',
  });
  let refusal = '';
  connection.addEventListener('icecandidateerror', (event) => {
    const { errorCode, errorText } = event;
    refusal = `TURN: ${errorCode} ${errorText}`.trim();
  });
  let asked = false;
  try {
    for (const track of tracks) connection.addTransceiver(track, { direction: 'sendrecv' });
    const sdpOffer = await offerOf(connection, signal);
    if (relayed && !CANDIDATE.test(sdpOffer))
      return { result: 'failed', cause: 'relay-refused', detail: refusal };
    asked = true;
    const { sdpAnswer } = await signalling.request('startPathCheck', { sdpOffer });
    const sdp = onlyOver(sdpAnswer, kind === 'tcp' ? 'tcp' : 'udp');
    if (!CANDIDATE.test(sdp)) return { result: 'not-offered' };
    await connection.setRemoteDescription({ type: 'answer', sdp });
    if (await connects(connection, signal)) return await mediaOf(connection, tracks, signal);
    const cause = isIceConnected(connection) ? 'dtls-failed' : 'no-candidate-pair';
    return { result: 'failed', cause, detail: '' };
  } finally {
    connection.close();
    if (asked)
      await signalling.request('stopPathCheck', {}, STOP_MS).catch((error: unknown) => {
        console.debug('the server ends the check of a path by itself', error);
      });
  }
}

/** The session description without the candidates of other transports: they stand in it, none follow. */
export function onlyOver(sdp: string, transport: 'udp' | 'tcp'): string {
  return sdp
    .split(/(?<=\n)/)
    .filter((line) => {
      const other = CANDIDATE.exec(line)?.[1];
      return other === undefined || other.toLowerCase() === transport;
    })
    .join('');
}

/** The offer with the browser's candidates in it. */
async function offerOf(connection: RTCPeerConnection, signal: AbortSignal): Promise<string> {
  await connection.setLocalDescription(await connection.createOffer());
  const complete = () => connection.iceGatheringState === 'complete';
  await happens(connection, 'icegatheringstatechange', complete, GATHERING_MS, signal);
  return connection.localDescription?.sdp ?? '';
}

async function connects(connection: RTCPeerConnection, signal: AbortSignal): Promise<boolean> {
  const decided = () => ['connected', 'failed', 'closed'].includes(connection.connectionState);
  await happens(connection, 'connectionstatechange', decided, CONNECT_MS, signal);
  return connection.connectionState === 'connected';
}

async function mediaOf(
  connection: RTCPeerConnection,
  tracks: readonly MediaStreamTrack[],
  signal: AbortSignal,
): Promise<PathOutcome> {
  const looks = new EventTarget();
  const sent = tracks.map(({ kind }) => kind as MediaKind);
  let missing: readonly MediaKind[] = sent;
  let report = await connection.getStats();
  const look = async () => {
    report = await connection.getStats();
    const counts = countsOf(report);
    missing = sent.filter((kind) => counts[kind].packets === 0);
    looks.dispatchEvent(new Event('look'));
  };
  const timer = setInterval(() => {
    look().catch((error: unknown) => console.debug('the statistics could not be read', error));
  }, LOOK_MS);
  await happens(looks, 'look', () => missing.length === 0, MEDIA_MS, signal);
  clearInterval(timer);
  if (missing.length === sent.length) return { result: 'failed', cause: 'nothing-arrives', detail: '' };
  return { result: 'ok', ...wayOf(report), missing };
}

/** The members of webrtc-stats that are read here. */
interface Entry {
  id: string;
  type: string;
  selectedCandidatePairId?: string;
  localCandidateId?: string;
  nominated?: boolean;
  state?: string;
  /** In seconds. */
  currentRoundTripTime?: number;
  relayProtocol?: string;
}

function wayOf(report: { forEach(visit: (entry: unknown) => void): void }): {
  roundTripMs: number | undefined;
  relayProtocol: string | undefined;
} {
  const entries: Entry[] = [];
  report.forEach((entry) => entries.push(entry as Entry));
  const selected = entries.find(({ type }) => type === 'transport')?.selectedCandidatePairId;
  // Firefox does not say which pair the transport has selected.
  const pair = entries.find((entry) =>
    selected === undefined
      ? entry.type === 'candidate-pair' && entry.nominated === true && entry.state === 'succeeded'
      : entry.id === selected,
  );
  const seconds = pair?.currentRoundTripTime;
  const local = entries.find(({ id }) => id === pair?.localCandidateId);
  return {
    roundTripMs: seconds === undefined ? undefined : seconds * 1_000,
    relayProtocol: local?.relayProtocol,
  };
}

/** Resolves when the condition holds, which is looked at with each event; or after `ms`, or when the check is ended. */
function happens(
  target: EventTarget,
  event: string,
  condition: () => boolean,
  ms: number,
  signal: AbortSignal,
): Promise<void> {
  return new Promise((resolve) => {
    const done = () => {
      clearTimeout(timer);
      target.removeEventListener(event, look);
      signal.removeEventListener('abort', done);
      resolve();
    };
    const look = () => {
      if (condition()) done();
    };
    const timer = setTimeout(done, ms);
    target.addEventListener(event, look);
    signal.addEventListener('abort', done);
    if (signal.aborted) done();
    else look();
  });
}
