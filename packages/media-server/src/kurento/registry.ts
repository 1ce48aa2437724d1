// All media objects of the server by id: makes them, finds them, and tells when they come and go.
// Knows nothing of sessions and messages.
import { randomUUID } from 'node:crypto';
import { KURENTO_NAMESPACE, KurentoError } from '@parley/protocol';
import type { Environment } from '../environment.ts';
import { LabelSpace } from '../elements/labels.ts';
import type { MediaObject, ObjectContext, ObjectEvent } from '../elements/media-object.ts';
import { SERVER_MANAGER_ID, ServerManager, type ServerInfo } from '../elements/server-manager.ts';
import type { MediaObjectConstructor } from './factory.ts';
import { DEFAULT_LIMITS } from './limits.ts';

export interface RegistryOptions {
  readonly environment: Environment;
  readonly info: ServerInfo;
  readonly sessionIds: () => string[];
  readonly publish: (event: ObjectEvent) => void;
  /** Told once per object, when it is gone. */
  readonly released: (object: MediaObject) => void;
  /** Of the names and tags of all objects together. */
  readonly maxLabelCharacters?: number;
}

export class ObjectRegistry {
  readonly manager: ServerManager;
  readonly #options: RegistryOptions;
  readonly #objects = new Map<string, MediaObject>();
  readonly #labelSpace: LabelSpace;

  constructor(options: RegistryOptions) {
    this.#options = options;
    this.#labelSpace = new LabelSpace(options.maxLabelCharacters ?? DEFAULT_LIMITS.maxLabelCharacters);
    this.manager = new ServerManager(this.#context(SERVER_MANAGER_ID, undefined), {
      info: options.info,
      pipelines: () => this.#roots(),
      sessions: options.sessionIds,
    });
    this.#objects.set(this.manager.id, this.manager);
  }

  /** How many objects there are, the manager not counted. */
  get size(): number {
    return this.#objects.size - 1;
  }

  /**
   * Ids are read by clients: the class is what follows the last underscore, a child's id begins with its parent's.
   * @throws KurentoError MEDIA_OBJECT_NOT_FOUND when the parent is gone, and what the constructor refuses
   */
  create(
    className: string,
    constructor: MediaObjectConstructor,
    parent: MediaObject | undefined,
    params: Record<string, unknown>,
  ): MediaObject {
    if (parent?.isReleased) throw notFound(parent.id);
    const ownId = `${randomUUID()}_${KURENTO_NAMESPACE}.${className}`;
    const id = parent ? `${parent.id}/${ownId}` : ownId;
    const object = new constructor(this.#context(id, parent), params);
    object.attach();
    this.#objects.set(id, object);
    this.#options.environment.log.debug({ object: id }, 'media object created');
    this.manager.objectCreated(object);
    return object;
  }

  /** @throws KurentoError MEDIA_OBJECT_NOT_FOUND, …_TRANSACTION_NO_COMMIT for a reference outside of a transaction */
  get(id: string): MediaObject {
    const object = this.find(id);
    if (object) return object;
    if (id.startsWith('newref:'))
      throw new KurentoError(
        'MEDIA_OBJECT_NOT_FOUND_TRANSACTION_NO_COMMIT',
        `Object '${id}' can be referred to in its transaction only`,
      );
    throw notFound(id);
  }

  /** Objects that are being released count as gone. */
  find(id: string): MediaObject | undefined {
    const object = this.#objects.get(id);
    return object?.isReleased ? undefined : object;
  }

  /** Releases everything but the manager. */
  async close(): Promise<void> {
    await Promise.all(this.#roots().map((object) => object.release()));
  }

  #roots(): MediaObject[] {
    return [...this.#objects.values()].filter(
      (object) => object !== this.manager && object.parent === undefined && !object.isReleased,
    );
  }

  #context(id: string, parent: MediaObject | undefined): ObjectContext {
    const { environment, publish } = this.#options;
    const labelSpace = this.#labelSpace;
    return { id, parent, environment, publish, labelSpace, released: (object) => this.#forget(object) };
  }

  #forget(object: MediaObject): void {
    this.#objects.delete(object.id);
    this.#options.released(object);
    this.#options.environment.log.debug({ object: object.id }, 'media object released');
    this.manager.objectDestroyed(object);
  }
}

function notFound(id: string): KurentoError {
  return new KurentoError('MEDIA_OBJECT_NOT_FOUND', `Object '${id}' not found`);
}
