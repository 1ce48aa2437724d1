// What clients write on an object for themselves, its name and its tags, and how much of it there may be.
import { KurentoError } from '@parley/protocol';

const MAX_TAGS = 256;
/** Of the name, all keys and all values of one object, in characters. */
const MAX_CHARACTERS = 64 * 1024;

export interface Tag {
  readonly key: string;
  readonly value: string;
}

/** How many characters the labels of all objects together have, and may have. */
export class LabelSpace {
  readonly #limit: number;
  #taken = 0;

  constructor(limit: number) {
    this.#limit = limit;
  }

  /** `characters`: fewer than none are given back. @throws KurentoError NOT_ENOUGH_RESOURCES */
  take(characters: number): void {
    if (characters > 0 && this.#taken + characters > this.#limit)
      throw new KurentoError(
        'NOT_ENOUGH_RESOURCES',
        `The names and tags of all objects have at most ${this.#limit} characters together`,
      );
    this.#taken += characters;
  }
}

export class Labels {
  readonly #space: LabelSpace | undefined;
  readonly #tags = new Map<string, string>();
  #name = '';
  #characters = 0;

  /** Without `space` one object's own bounds hold only. */
  constructor(space: LabelSpace | undefined) {
    this.#space = space;
  }

  /** Empty: none. */
  get name(): string {
    return this.#name;
  }

  /** @throws KurentoError NOT_ENOUGH_RESOURCES */
  setName(name: string): void {
    this.#resize(name.length - this.#name.length);
    this.#name = name;
  }

  tag(key: string): string | undefined {
    return this.#tags.get(key);
  }

  tags(): Tag[] {
    return [...this.#tags].map(([key, value]) => ({ key, value }));
  }

  /** @throws KurentoError NOT_ENOUGH_RESOURCES */
  addTag(key: string, value: string): void {
    if (!this.#tags.has(key) && this.#tags.size >= MAX_TAGS)
      throw new KurentoError('NOT_ENOUGH_RESOURCES', `An object has at most ${MAX_TAGS} tags`);
    this.#resize(key.length + value.length - this.#lengthOf(key));
    this.#tags.set(key, value);
  }

  removeTag(key: string): void {
    this.#resize(-this.#lengthOf(key));
    this.#tags.delete(key);
  }

  /** Gives back to others what they take. They can be read still. */
  close(): void {
    this.#space?.take(-this.#characters);
    this.#characters = 0;
  }

  #lengthOf(key: string): number {
    const value = this.#tags.get(key);
    return value === undefined ? 0 : key.length + value.length;
  }

  #resize(by: number): void {
    if (by > 0 && this.#characters + by > MAX_CHARACTERS)
      throw new KurentoError(
        'NOT_ENOUGH_RESOURCES',
        `The name and the tags of an object have at most ${MAX_CHARACTERS} characters together`,
      );
    this.#space?.take(by);
    this.#characters += by;
  }
}
