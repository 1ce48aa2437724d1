// How a connection stands, in Kurento's words: ICE, the selected candidate pair, DTLS, and what these come to. What the
// endpoint does about it is not here.
import { writeCandidate } from '@parley/rtc';
import type { DtlsState } from '../transport/dtls-session.ts';
import type { Path } from '../transport/path.ts';
import type { IceState, WebRtcTransport } from '../transport/webrtc-transport.ts';
import type { ConnectedState } from './base-rtp-endpoint.ts';
import { localCandidateFor } from './leg-diagnosis.ts';

/** One transport, so one stream and one component, by the names that the original gives them. */
const STREAM_ID = 1;
const COMPONENT_ID = 1;

/** Kurento's states for ours; 'new' is told by nothing. */
const ICE_STATES: Record<IceState, readonly string[]> = {
  new: [],
  checking: ['CONNECTING'],
  connected: ['CONNECTED', 'READY'],
  disconnected: ['DISCONNECTED'],
  failed: ['FAILED'],
};

export interface WebRtcStatesOptions {
  readonly transport: Pick<WebRtcTransport, 'iceState' | 'dtlsState' | 'path'>;
  /** The first user name fragment of this side, by which clients tell connections apart. */
  readonly ufrag: string;
  /** Of this side, as lines; they may become more. */
  ownCandidates(): readonly string[];
  emit(event: string, data: Record<string, unknown>): void;
  onConnection(state: ConnectedState): void;
}

export class WebRtcStates {
  readonly #options: WebRtcStatesOptions;
  #iceState = 'GATHERING';

  constructor(options: WebRtcStatesOptions) {
    this.#options = options;
  }

  get candidatePairs(): Record<string, unknown>[] {
    const { path } = this.#options.transport;
    return path ? [this.#candidatePair(path)] : [];
  }

  get iceConnections(): Record<string, unknown>[] {
    return [{ streamId: String(STREAM_ID), componentId: COMPONENT_ID, state: this.#iceState }];
  }

  get dtlsConnections(): Record<string, unknown>[] {
    return [this.#dtlsConnection(this.#options.transport.dtlsState)];
  }

  gathering(): void {
    this.#tellIce('GATHERING');
  }

  /** A browser that has the candidates from the SDP may be connected by now: GATHERING is not the last that is told. */
  gathered(): void {
    this.#options.emit('IceGatheringDone', {});
    if (this.#iceState === 'GATHERING') this.iceIs(this.#options.transport.iceState);
  }

  iceIs(state: IceState): void {
    // A peer that is quick is connected before anybody has looked at its checks: clients still count on their order.
    if (state === 'connected' && this.#iceState === 'GATHERING') this.#tellIce('CONNECTING');
    for (const name of ICE_STATES[state]) this.#tellIce(name);
    this.#tellConnection();
  }

  /** Told even where the state is what it was, since somebody waits for the end of the restart. */
  iceRestarted(): void {
    for (const name of ICE_STATES.connected) this.#tellIce(name);
    this.#tellConnection();
  }

  pathSelected(path: Path): void {
    this.#options.emit('NewCandidatePairSelected', { candidatePair: this.#candidatePair(path) });
  }

  dtlsIs(state: DtlsState): void {
    this.#options.emit('DtlsConnectionStateChange', this.#dtlsConnection(state));
    this.#tellConnection();
  }

  #tellIce(state: string): void {
    this.#iceState = state;
    this.#options.emit('IceComponentStateChanged', {
      streamId: STREAM_ID,
      componentId: COMPONENT_ID,
      state,
    });
  }

  #tellConnection(): void {
    const { iceState: ice, dtlsState: dtls, path } = this.#options.transport;
    // A peer that is not heard may be back soon, unless there is no way to it any more.
    const hasWay = ice === 'connected' || (ice === 'disconnected' && path !== undefined);
    const isUp = dtls === 'connected' && hasWay;
    this.#options.onConnection(isUp ? 'CONNECTED' : 'DISCONNECTED');
  }

  #candidatePair(path: Path): Record<string, unknown> {
    const { protocol, address, port } = path;
    const localCandidate = localCandidateFor(path, this.#options.ownCandidates()) ?? '';
    // The peer's candidate as it shows itself here: its own foundation and type stay with the peer (RFC 8445, 7.3.1.3).
    const remoteCandidate = writeCandidate({
      foundation: 'prflx',
      component: COMPONENT_ID,
      transport: protocol,
      priority: 1,
      address,
      port,
      type: 'prflx',
      ...(protocol === 'tcp' ? { tcpType: 'active' as const } : {}),
    });
    return { streamId: String(STREAM_ID), componentId: COMPONENT_ID, localCandidate, remoteCandidate };
  }

  #dtlsConnection(state: DtlsState): Record<string, unknown> {
    return {
      streamId: String(STREAM_ID),
      componentId: String(COMPONENT_ID),
      connectionId: `${this.#options.ufrag}-${STREAM_ID}-${COMPONENT_ID}`,
      state: state.toUpperCase(),
    };
  }
}
