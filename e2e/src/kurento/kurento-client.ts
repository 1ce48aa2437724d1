// Kurento's own JavaScript client from npm, unchanged, and the types of what the tests use of it: it brings none.
import Module from 'node:module';
import { sep } from 'node:path';
import { requireClient } from './npm-clients.ts';

export type Callback<Result = unknown> = (error: Refusal | null, result: Result) => void;

/** What the client makes of an error of the server; a ReferenceError for an object that is not there (40101). */
export interface Refusal extends Error {
  readonly code: number;
  readonly data?: { readonly type: string };
}

export interface MediaObject {
  readonly id: string;
  on(type: string, listener: (event: Record<string, unknown>) => void): this;
  once(type: string, listener: (event: Record<string, unknown>) => void): this;
  removeListener(type: string, listener: (event: Record<string, unknown>) => void): this;
  release(): Promise<void>;
  getName(): Promise<string>;
  setName(name: string): Promise<void>;
  getChildren(): Promise<MediaObject[]>;
  getParent(): Promise<MediaObject>;
  getMediaPipeline(): Promise<MediaPipeline>;
  addTag(key: string, value: string): Promise<void>;
  /** In a transaction the client takes its last parameter for the callback, unless there is one. */
  addTag(transaction: Transaction, key: string, value: string, callback: Callback): unknown;
  getTag(key: string, callback?: Callback): Promise<string>;
  getTags(): Promise<{ readonly key: string; readonly value: string }[]>;
  setSendTagsInEvents(send: boolean): Promise<void>;
}

export interface MediaElement extends MediaObject {
  connect(sink: MediaElement, mediaType?: 'AUDIO' | 'VIDEO' | 'DATA' | Callback): Promise<void>;
  disconnect(sink: MediaElement, mediaType?: 'AUDIO' | 'VIDEO' | 'DATA'): Promise<void>;
  getSourceConnections(mediaType?: 'AUDIO' | 'VIDEO' | 'DATA'): Promise<Record<string, unknown>[]>;
  getStats(mediaType?: 'AUDIO' | 'VIDEO'): Promise<Record<string, Record<string, unknown>>>;
  isMediaFlowingOut(mediaType: 'AUDIO' | 'VIDEO'): Promise<boolean>;
}

export interface SdpEndpoint extends MediaElement {
  generateOffer(): Promise<string>;
  processOffer(offer: string, callback?: Callback): Promise<string>;
  processAnswer(answer: string): Promise<string>;
  requestKeyframe(): Promise<void>;
}

export interface WebRtcEndpoint extends SdpEndpoint {
  gatherCandidates(): Promise<void>;
  addIceCandidate(candidate: unknown): Promise<void>;
  createDataChannel(label: string, callback?: Callback): Promise<void>;
  closeDataChannel(channelId: number): Promise<void>;
}

export interface PlayerEndpoint extends MediaElement {
  play(): Promise<void>;
  pause(): Promise<void>;
  stop(): Promise<void>;
  getVideoInfo(): Promise<{
    isSeekable: boolean;
    seekableInit: number;
    seekableEnd: number;
    duration: number;
  }>;
  getPosition(): Promise<number>;
  setPosition(ms: number, callback?: Callback): Promise<void>;
}

export interface RecorderEndpoint extends MediaElement {
  record(): Promise<void>;
  stop(): Promise<void>;
  stopAndWait(): Promise<void>;
}

interface Classes {
  MediaPipeline: MediaPipeline;
  WebRtcEndpoint: WebRtcEndpoint;
  RtpEndpoint: SdpEndpoint;
  PlayerEndpoint: PlayerEndpoint;
  RecorderEndpoint: RecorderEndpoint;
}

interface Creator {
  create<Type extends keyof Classes>(type: Type, params?: object): Promise<Classes[Type]>;
  create<Type extends keyof Classes>(transaction: Transaction, type: Type, params?: object): Classes[Type];
  /** Of what this server may not have. */
  create(type: string, params: object | Callback, callback?: Callback): Promise<MediaElement>;
  create(transaction: Transaction, type: string, callback: Callback): MediaElement;
  transaction(operations: () => void): Promise<unknown>;
  beginTransaction(): Transaction;
}

export interface MediaPipeline extends MediaObject, Creator {}

export interface Transaction {
  commit(): Promise<unknown>;
  rollback(): void;
}

export interface KurentoClient extends Creator {
  readonly sessionId: string;
  connect(...elements: MediaElement[]): Promise<void>;
  getServerManager(): Promise<ServerManager>;
  getMediaobjectById(id: string, callback?: Callback): Promise<MediaObject>;
  on(
    type: 'connected' | 'disconnected' | 'disconnect' | 'connectionFailed',
    listener: () => void,
  ): KurentoClient;
  once(type: 'reconnected', listener: (sameSession: boolean) => void): KurentoClient;
  close(): void;
}

export interface ServerManager extends MediaObject {
  getPipelines(): Promise<MediaPipeline[]>;
  getSessions(): Promise<string[]>;
  getInfo(): Promise<{ readonly version: string; readonly capabilities: readonly string[] }>;
}

/** What the package exports. */
export interface KurentoClientModule {
  (url: string, options?: object): Promise<KurentoClient>;
  getComplexType(name: 'IceCandidate'): (candidate: object) => unknown;
}

const kurento = loadKurentoClient();

/** @throws Error when the server cannot be reached or lacks a module that the client knows */
export function connectKurentoClient(url: string, options: object = {}): Promise<KurentoClient> {
  return kurento(url, options);
}

/** As applications make them of what a browser sends. */
export const IceCandidate = kurento.getComplexType('IceCandidate');

/**
 * Node's `domain` is hidden from the client while it is loaded: since Node 10 `Domain` is a class, and the client's
 * transactions, which call it as a function, throw. Without the module it uses what it has for browsers instead.
 */
function loadKurentoClient(): KurentoClientModule {
  type Load = (request: string, parent: { filename?: string } | undefined, isMain: boolean) => unknown;
  const loader = Module as unknown as { _load: Load };
  const load = loader._load;
  loader._load = (request, parent, isMain) => {
    const asker = parent?.filename ?? '';
    if (request === 'domain' && asker.includes(`${sep}kurento-client${sep}`)) return {};
    return load(request, parent, isMain);
  };
  try {
    return requireClient('kurento-client') as KurentoClientModule;
  } finally {
    loader._load = load;
  }
}
