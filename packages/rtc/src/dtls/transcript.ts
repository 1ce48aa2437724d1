// All handshake messages of both ends so far: what signatures, keys and Finished are made over.
import { writeMessage, type HandshakeMessage } from './handshake-message.ts';

export class Transcript {
  #messages: Buffer[] = [];
  #nextNumber = 0;

  /** Each whole, in the order in which they were said. */
  get messages(): readonly Buffer[] {
    return this.#messages;
  }

  /** Enters a message of the peer. */
  heard(message: HandshakeMessage): void {
    this.#messages.push(writeMessage(message));
  }

  /** A message of ours, numbered and entered. */
  say(type: number, body: Buffer): HandshakeMessage {
    const message = { type, number: this.#nextNumber++, body };
    this.#messages.push(writeMessage(message));
    return message;
  }

  /** Begins anew, or ends; the numbers of our messages go on. */
  forget(): void {
    this.#messages = [];
  }
}
