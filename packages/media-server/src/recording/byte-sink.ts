// Where the bytes of a recording go: strictly in order. Where it is a file, a few bytes of its head may be written again;
// what was written is whole at any moment, with them or without.

export interface ByteSink {
  /** Resolves when the bytes are out of our hands, or safely in memory that is bounded. Not called again before that. */
  write(bytes: Buffer): Promise<void>;
  /** Replaces bytes that were written before. Absent: they are gone. Not called before `write` has resolved. */
  overwrite?(position: number, bytes: Buffer): Promise<void>;
  /** `complete`: false when the recording broke off. Called once, after the last `write`. */
  close(complete: boolean): Promise<void>;
}
