// Looks into the media server through its own protocol, as any Kurento client may: which objects there are, whose stream
// they carry, what they counted. Changes nothing unless a test that has no application server makes objects of its own.
import { JsonRpcPeer } from '@parley/protocol';
import { WebSocket } from 'ws';

export interface MediaObject {
  readonly id: string;
  /** Such as `WebRtcEndpoint`. */
  readonly type: string;
}

/** One entry of `getStats`. */
export type Stats = Readonly<Record<string, unknown>>;

export class KurentoObserver {
  readonly #socket: WebSocket;
  readonly #peer: JsonRpcPeer;

  private constructor(socket: WebSocket) {
    this.#socket = socket;
    this.#peer = new JsonRpcPeer({ send: (text) => socket.send(text) });
    socket.on('message', (data: Buffer) => this.#peer.handleText(data.toString('utf8')));
    socket.on('close', () => this.#peer.close('the connection was closed'));
  }

  /** @param url the media server's `ws://…/kurento` */
  static async connect(url: string, token: string): Promise<KurentoObserver> {
    const socket = new WebSocket(url, { headers: { authorization: `Bearer ${token}` } });
    await new Promise((resolve, reject) => {
      socket.once('open', resolve).once('error', reject);
    });
    return new KurentoObserver(socket);
  }

  /** Every object in every pipeline; an object that ends while we look is not in the list. */
  async objects(): Promise<MediaObject[]> {
    const pipelines = await this.#ids('manager_ServerManager', 'getPipelines');
    const children = await Promise.all(pipelines.map((pipeline) => this.#ids(pipeline, 'getChildren')));
    return children.flat().map((id) => ({ id, type: id.replace(/^.*_(kurento\.)?/, '') }));
  }

  /** How many objects of a type there are, such as `WebRtcEndpoint`. */
  async count(type: string): Promise<number> {
    return (await this.objects()).filter((object) => object.type === type).length;
  }

  /** The `WebRtcEndpoint`s of a stream, told apart by what the application server tagged them with. */
  async endpointsOf(stream: string): Promise<MediaObject[]> {
    const objects = await this.objects();
    const tags = await Promise.all(objects.map(({ id }) => this.tag(id, 'stream')));
    return objects.filter(({ type }, index) => type === 'WebRtcEndpoint' && tags[index] === stream);
  }

  /** The value of a tag; undefined when the object has no such tag. */
  async tag(object: string, key: string): Promise<string | undefined> {
    const tags = (await this.invoke(object, 'getTags')) as { key: string; value: string }[];
    return tags.find((tag) => tag.key === key)?.value;
  }

  async stats(object: string): Promise<Stats[]> {
    return Object.values((await this.invoke(object, 'getStats')) as Record<string, Stats>);
  }

  /** Makes an object and gives its id. @throws JsonRpcError when the media server refuses */
  async create(type: string, constructorParams: object = {}): Promise<string> {
    const result = await this.#peer.request('create', { type, constructorParams });
    return (result as { value: string }).value;
  }

  /** The `value` of an invocation's result. @throws JsonRpcError when the media server refuses */
  async invoke(object: string, operation: string, operationParams?: object): Promise<unknown> {
    const result = await this.#peer.request('invoke', { object, operation, operationParams });
    return (result as { value?: unknown }).value;
  }

  close(): void {
    this.#peer.close('closed by the test');
    this.#socket.close();
  }

  async #ids(object: string, operation: string): Promise<string[]> {
    return ((await this.invoke(object, operation)) as string[] | null) ?? [];
  }
}
