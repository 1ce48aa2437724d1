// Tells a client the candidates of an endpoint: once per m-line, after it asked for them and the m-lines are known, in
// whichever order the two come. Our own are known at once; one that somebody else has to be asked for is waited for.

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
  /** Looks for others than `told`, and never rejects; undefined: there is nothing to look for. */
  findMore(told: readonly string[]): Promise<readonly string[]> | undefined;
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

  /** Tells them, or waits until there is something to tell. Asking again looks for them and tells them again. */
  gather(): void {
    const lines = this.#lines;
    this.#isAwaited = !lines;
    if (!lines) return;
    this.#listener.onGathering();
    this.#tell(this.#candidates, lines);
    const more = this.#listener.findMore(this.#candidates);
    if (!more) return this.#listener.onGathered();
    void more.then((candidates) => {
      this.#tell(candidates, lines);
      this.#listener.onGathered();
    });
  }

  #tell(candidates: readonly string[], lines: readonly CandidateLine[]): void {
    for (const candidate of candidates) {
      for (const { mid, index } of lines)
        this.#listener.onCandidate({ candidate, sdpMid: mid ?? '', sdpMLineIndex: index });
    }
  }
}
