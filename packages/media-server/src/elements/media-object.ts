// The root of everything that a Kurento client can create, name, tag, listen to and release.
// A Kurento operation is a method of the same name that takes the operation's parameters in the model's order; a Kurento
// property is an accessor of exactly the model's name. The protocol layer calls nothing that the model does not name.
import { KurentoError } from '@parley/protocol';
import type { Environment } from '../environment.ts';
import { Labels, type LabelSpace, type Tag } from './labels.ts';

/** What happened to an object. `data` holds plain values and media objects; the protocol layer turns those into ids. */
export interface ObjectEvent {
  readonly source: MediaObject;
  readonly type: string;
  readonly data: Readonly<Record<string, unknown>>;
}

/** What an object is given at birth; made by the registry. */
export interface ObjectContext {
  readonly id: string;
  readonly parent: MediaObject | undefined;
  readonly environment: Environment;
  readonly publish: (event: ObjectEvent) => void;
  /** Told once, when the object and its children are gone. */
  readonly released: (object: MediaObject) => void;
  /** For the names and tags of all objects. */
  readonly labelSpace?: LabelSpace;
}

export abstract class MediaObject {
  readonly id: string;
  readonly parent: MediaObject | undefined;
  /** The class's name in the Kurento model, without module. */
  readonly className: string;
  /** In seconds since 1970. */
  readonly creationTime = Math.floor(Date.now() / 1000);
  sendTagsInEvents = false;
  protected readonly environment: Environment;
  readonly #context: ObjectContext;
  readonly #children = new Set<MediaObject>();
  readonly #labels: Labels;
  #releasing: Promise<void> | undefined;
  #released = false;

  constructor(context: ObjectContext, className: string) {
    this.#context = context;
    this.#labels = new Labels(context.labelSpace);
    this.id = context.id;
    this.parent = context.parent;
    this.environment = context.environment;
    this.className = className;
  }

  /** The pipeline that this object lives in: itself for a pipeline, undefined outside of any. */
  get mediaPipeline(): MediaObject | undefined {
    return this.parent?.mediaPipeline;
  }

  get children(): MediaObject[] {
    return [...this.#children].filter((child) => !child.isReleased);
  }

  /** The id, unless a name was given. */
  get name(): string {
    return this.#labels.name || this.id;
  }

  /** @throws KurentoError NOT_ENOUGH_RESOURCES */
  set name(name: string) {
    this.#labels.setName(name);
  }

  /** Whether `release` was called: a client cannot reach the object any more, though it may still be finishing. */
  get isReleased(): boolean {
    return this.#releasing !== undefined;
  }

  /** @throws KurentoError NOT_ENOUGH_RESOURCES */
  addTag(key: string, value: string): void {
    this.#labels.addTag(key, value);
  }

  removeTag(key: string): void {
    this.#labels.removeTag(key);
  }

  /** @throws KurentoError MEDIA_OBJECT_TAG_KEY_NOT_FOUND */
  getTag(key: string): string {
    const value = this.#labels.tag(key);
    if (value === undefined)
      throw new KurentoError(
        'MEDIA_OBJECT_TAG_KEY_NOT_FOUND',
        `Tag key '${key}' not found in object '${this.id}'`,
      );
    return value;
  }

  getTags(): Tag[] {
    return this.#labels.tags();
  }

  /** Called by the registry when the constructor has succeeded; an object whose constructor throws leaves no trace. */
  attach(): void {
    if (this.parent) this.parent.#children.add(this);
  }

  /**
   * Ends the object and everything below it. Idempotent: every caller waits for the same end, which never rejects.
   * Order: flagged (all of the subtree at once), children, own `onRelease`, parent and registry told once.
   */
  release(): Promise<void> {
    this.#releasing ??= Promise.resolve().then(() => this.#releaseInOrder());
    for (const child of this.#children) void child.release();
    return this.#releasing;
  }

  /** Ends what the class owns: timers, transports, files. Called once, when the children are gone. May still emit. */
  protected onRelease(): void | Promise<void> {
    return undefined;
  }

  /** Tells the subscribers of `type`. `data` holds the event's own fields; those that all events have are filled in. */
  protected emit(type: string, data: Record<string, unknown>): void {
    if (this.#released) return;
    const common = {
      source: this,
      timestampMillis: String(Date.now()),
      tags: this.sendTagsInEvents ? this.getTags() : [],
      type,
    };
    this.#context.publish({ source: this, type, data: { ...common, ...data } });
  }

  async #releaseInOrder(): Promise<void> {
    await Promise.all([...this.#children].map((child) => child.release()));
    try {
      await this.onRelease();
    } catch (error) {
      this.environment.log.error({ object: this.id, err: error }, 'releasing a media object failed');
    }
    this.#released = true;
    this.#labels.close();
    if (this.parent) this.parent.#children.delete(this);
    this.#context.released(this);
  }
}
