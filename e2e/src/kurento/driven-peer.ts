// Drives one peer of page-peer.ts in whichever browser it is: offers, answers, candidates, channels, and what it counted.
import { expect } from 'vitest';
import type { Counts, PagePeer } from './page-peer.ts';

/** For whatever takes a connection and a picture, on a machine that is busy with browsers. */
export const DEADLINE = { timeout: 20_000, interval: 100 };

/** What reaches an object in a page; the handles of Playwright and of Puppeteer do. */
export interface PeerHandle {
  evaluate<Result>(look: (peer: PagePeer) => Result | Promise<Result>): Promise<Result>;
  evaluate<Result, Argument>(
    look: (peer: PagePeer, argument: Argument) => Result | Promise<Result>,
    argument: Argument,
  ): Promise<Result>;
}

/** One RTCPeerConnection of a page. */
export class DrivenPeer {
  readonly handle: PeerHandle;
  readonly #candidates: RTCIceCandidateInit[] = [];
  readonly #listeners: ((candidate: RTCIceCandidateInit) => void)[] = [];

  constructor(handle: PeerHandle) {
    this.handle = handle;
  }

  /** Gives the SDP, which is set as local description. */
  offer(options?: RTCOfferOptions): Promise<string> {
    return this.handle.evaluate((peer, options) => peer.offer(options), options);
  }

  acceptAnswer(sdp: string): Promise<void> {
    return this.handle.evaluate((peer, sdp) => peer.acceptAnswer(sdp), sdp);
  }

  /** Takes an offer; gives the SDP of the answer, which is set as local description. */
  answer(offer: string): Promise<string> {
    return this.handle.evaluate((peer, offer) => peer.answer(offer), offer);
  }

  addCandidate(candidate: RTCIceCandidateInit): Promise<void> {
    return this.handle.evaluate((peer, candidate) => peer.connection.addIceCandidate(candidate), candidate);
  }

  /** Told of each candidate of the browser, of those that came before as well. */
  onCandidate(listener: (candidate: RTCIceCandidateInit) => void): void {
    this.#listeners.push(listener);
    for (const candidate of this.#candidates) listener(candidate);
  }

  /** For whoever opened the page. */
  found(candidate: RTCIceCandidateInit): void {
    this.#candidates.push(candidate);
    for (const listener of this.#listeners) listener(candidate);
  }

  state(): Promise<RTCPeerConnectionState> {
    return this.handle.evaluate((peer) => peer.connection.connectionState);
  }

  /** Resolves once the connection is in this state. */
  async reaches(state: RTCPeerConnectionState): Promise<void> {
    await expect.poll(() => this.state(), DEADLINE).toBe(state);
  }

  counts(): Promise<Counts> {
    return this.handle.evaluate((peer) => peer.counts());
  }

  /** Resolves once so many more frames were decoded than until now. */
  async seesFrames(count = 10): Promise<void> {
    const before = (await this.counts()).framesDecoded;
    await expect
      .poll(async () => (await this.counts()).framesDecoded, DEADLINE)
      .toBeGreaterThanOrEqual(before + count);
  }

  /** Resolves once sound came that is none of silence. */
  async hearsSomething(): Promise<void> {
    const before = (await this.counts()).audioEnergy;
    await expect
      .poll(async () => (await this.counts()).audioEnergy, DEADLINE)
      .toBeGreaterThan(before + 0.001);
  }

  /** To be called before `offer`. */
  openChannel(label: string, init?: RTCDataChannelInit): Promise<void> {
    return this.handle.evaluate((peer, { label, init }) => peer.openChannel(label, init), { label, init });
  }

  /** Resolves once the channel, of either side, is in this state. */
  async channelIs(label: string, state: RTCDataChannelState): Promise<void> {
    await expect
      .poll(
        () => this.handle.evaluate((peer, label) => peer.channels.get(label)?.channel.readyState, label),
        DEADLINE,
      )
      .toBe(state);
  }

  /** @param data text, or the bytes of a binary message */
  send(label: string, data: string | readonly number[]): Promise<void> {
    return this.handle.evaluate(
      (peer, { label, data }) => {
        const channel = peer.channels.get(label)?.channel;
        if (!channel) throw new Error(`no channel ${label}`);
        if (typeof data === 'string') channel.send(data);
        else channel.send(new Uint8Array(data));
      },
      { label, data },
    );
  }

  /** Resolves with the messages of a channel once there are so many. */
  async received(label: string, count = 1): Promise<(string | number[])[]> {
    const read = () => this.handle.evaluate((peer, label) => peer.channels.get(label)?.received ?? [], label);
    await expect.poll(async () => (await read()).length, DEADLINE).toBeGreaterThanOrEqual(count);
    return read();
  }

  close(): Promise<void> {
    return this.handle.evaluate((peer) => peer.close());
  }
}
