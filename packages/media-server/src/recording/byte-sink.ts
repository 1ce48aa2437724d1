// Where the bytes of a recording go: strictly in order, nothing is ever written backwards.

export interface ByteSink {
  /** Resolves when the bytes are out of our hands, or safely in memory that is bounded. Not called again before that. */
  write(bytes: Buffer): Promise<void>;
  /** `complete`: false when the recording broke off. Called once, after the last `write`. */
  close(complete: boolean): Promise<void>;
}
