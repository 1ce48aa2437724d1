// Tells a client the candidates of an endpoint: once per m-line, after it asked for them and the m-lines are known, in
// whichever order the two come. They are known at once here, so there is nothing to gather.

/** Kurento's `IceCandidate`. */
export interface IceCandidateValue {
  readonly candidate: string;
  readonly sdpMid: string;
  readonly sdpMLineIndex: number;
}

/** An m-line that candidates are told for. */
export interface CandidateLine {
  readonly mid: string | undefined;
  readonly index: number;
}

export interface CandidateListener {
  onGathering(): void;
  onCandidate(value: IceCandidateValue): void;
  onGathered(): void;
}

export class CandidateGathering {
  readonly #listener: CandidateListener;
  #lines: readonly CandidateLine[] | undefined;
  #candidates: readonly string[] = [];
  #isAwaited = false;

  constructor(listener: CandidateListener) {
    this.#listener = listener;
  }

  /** As the description of this side has them. Tells them if they were asked for before. */
  described(lines: readonly CandidateLine[], candidates: readonly string[]): void {
    this.#lines = lines;
    this.#candidates = candidates;
    if (this.#isAwaited) this.gather();
  }

  /** Tells them, or waits until there is something to tell. Asking again tells them again. */
  gather(): void {
    this.#isAwaited = !this.#lines;
    if (!this.#lines) return;
    this.#listener.onGathering();
    for (const candidate of this.#candidates) {
      for (const { mid, index } of this.#lines)
        this.#listener.onCandidate({ candidate, sdpMid: mid ?? '', sdpMLineIndex: index });
    }
    this.#listener.onGathered();
  }
}
