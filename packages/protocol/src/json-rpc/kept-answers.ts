// The answers of the latest requests, for those who ask again because an answer did not reach them: the same request is
// fulfilled once and answered the same. Not part of JSON-RPC 2.0: a repeat says `attempt: 2` beside its id.

/** A room of 100 is entered with 99 offers and about ten candidates for each, most within the time of a repeat. */
const MAX_KEPT = 2_048;
/** In characters: 99 answers with SDP of a few thousand each, twice. */
const MAX_KEPT_LENGTH = 1_048_576;

export class KeptAnswers {
  readonly #underWay = new Set<string | number>();
  readonly #kept = new Map<string | number, string>();
  #length = 0;

  /** A request is being fulfilled. */
  begun(id: string | number): void {
    this.#forget(id);
    this.#underWay.add(id);
  }

  /** It is answered with this text. */
  answered(id: string | number, text: string): void {
    this.#underWay.delete(id);
    this.#forget(id);
    this.#kept.set(id, text);
    this.#length += text.length;
    for (const oldest of this.#kept.keys()) {
      if (this.#kept.size <= MAX_KEPT && this.#length <= MAX_KEPT_LENGTH) break;
      this.#forget(oldest);
    }
  }

  /** What a repeat of this request is to be answered with; `under way`: nothing yet; undefined: it is not known. */
  of(id: string | number): { text: string } | 'under way' | undefined {
    if (this.#underWay.has(id)) return 'under way';
    const text = this.#kept.get(id);
    return text === undefined ? undefined : { text };
  }

  #forget(id: string | number): void {
    this.#length -= this.#kept.get(id)?.length ?? 0;
    this.#kept.delete(id);
  }
}
