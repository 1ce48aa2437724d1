// What one browser was told of its own two legs: the way up of its camera, and the way down of the other's.
import { Ledger, type LegStatus } from '@parley/protocol';

interface Message {
  readonly method?: string;
  readonly params?: Record<string, unknown>;
  readonly result?: Record<string, unknown>;
}

export class LegLog {
  #self: string | undefined;
  #own: string | undefined;
  readonly #ledgers = new Map<string, Ledger>();

  /** @param answers the request that the message answers, if it answers one */
  heard(message: unknown, answers: unknown): void {
    const { method, params, result } = message as Message;
    const asked = (answers as Message | undefined)?.method;
    if (asked === 'join' && result) {
      this.#self = (result['self'] as { id: string }).id;
      const streams = result['streams'] as readonly { id: string }[];
      for (const id of this.#ledgers.keys())
        if (!streams.some((stream) => stream.id === id)) this.#ledgers.delete(id);
    }
    if (asked === 'requestBroadcast' && result) this.#own = (result['stream'] as { id: string }).id;
    if (method === 'ledger') {
      const ledger = Ledger.parse(params);
      this.#ledgers.set(ledger.stream, ledger);
    }
    if (method === 'streamStopped') this.#ledgers.delete(String(params?.['stream']));
    if (method === 'mediaServer' && params?.['available'] === false) this.#ledgers.clear();
  }

  /** Of the way up; undefined while nothing was told of the present one. */
  get up(): LegStatus | undefined {
    return this.#own === undefined ? undefined : this.#ledgers.get(this.#own)?.up;
  }

  /** Of the way down of the only other participant's stream. */
  get down(): LegStatus | undefined {
    return [...this.#ledgers.values()]
      .flatMap(({ viewers }) => viewers)
      .find(({ participant }) => participant === this.#self)?.status;
  }
}
