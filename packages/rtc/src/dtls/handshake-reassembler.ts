// Puts the peer's handshake messages together from fragments in any order, and in order of their numbers. Bounded, since
// everything but the last message comes unauthenticated.
import type { HandshakeFragment, HandshakeMessage } from './handshake-message.ts';

/** Far above any certificate of a browser; bounds what one message can make us keep. */
const MAX_MESSAGE_LENGTH = 32 * 1024;

/** A client's longest flight is four messages with one to come; more ahead than this cannot be of use. */
const MAX_MESSAGES_AHEAD = 8;

/** Bytes that all messages ahead of the next one may take together. */
const MAX_BYTES_AHEAD = 32 * 1024;

interface PartialMessage {
  readonly type: number;
  readonly body: Buffer;
  /** 1 for each byte of the body that has come. */
  readonly present: Uint8Array;
  missing: number;
}

export class HandshakeReassembler {
  readonly #partial = new Map<number, PartialMessage>();
  #next = 0;

  /** Whether the fragment is of a message that has been accepted before: the peer is repeating itself. */
  isRepeated(fragment: HandshakeFragment): boolean {
    return fragment.number < this.#next;
  }

  /** Takes a fragment in; one that is repeated, too far ahead or too large changes nothing. */
  add(fragment: HandshakeFragment): void {
    const { type, number, length, offset, bytes } = fragment;
    if (number < this.#next || number > this.#next + MAX_MESSAGES_AHEAD || length > MAX_MESSAGE_LENGTH)
      return;
    let partial = this.#partial.get(number);
    if (!partial || partial.type !== type || partial.body.length !== length) {
      // Of two that contradict each other the later one counts: else a forged fragment would block the genuine ones.
      this.#partial.delete(number);
      if (number > this.#next && this.#bytesAhead() + length > MAX_BYTES_AHEAD) return;
      partial = { type, body: Buffer.alloc(length), present: new Uint8Array(length), missing: length };
      this.#partial.set(number, partial);
    }
    bytes.copy(partial.body, offset);
    for (let index = offset; index < offset + bytes.length; index++) {
      partial.missing -= 1 - partial.present[index];
      partial.present[index] = 1;
    }
  }

  /** The next message in order, once it is whole. It stays the next one until `accept` or `discard`. */
  peek(): HandshakeMessage | undefined {
    const partial = this.#partial.get(this.#next);
    if (!partial || partial.missing > 0) return undefined;
    return { type: partial.type, number: this.#next, body: partial.body };
  }

  /** Goes on to the message after the next one. */
  accept(): void {
    this.#partial.delete(this.#next);
    this.#next++;
  }

  /** Forgets the next message, which made no sense; the same number may come again. */
  discard(): void {
    this.#partial.delete(this.#next);
  }

  #bytesAhead(): number {
    let bytes = 0;
    for (const [number, partial] of this.#partial) if (number > this.#next) bytes += partial.body.length;
    return bytes;
  }
}
