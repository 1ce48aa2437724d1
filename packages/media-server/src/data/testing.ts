// For tests: a peer with data channels of other people's making (werift), without a network. Each side's packets are in the
// test's hands, which may lose or change them.
import { pino } from 'pino';
import {
  Event,
  RTCDataChannel,
  RTCDataChannelParameters,
  RTCSctpTransport,
  type RTCDtlsTransport,
} from 'werift';
import { DataChannels, type DataChannelsOptions } from './data-channels.ts';
import { loadSctp } from './sctp-library.ts';

const PORT = 5000;

export class TestDataPeer {
  readonly sctp = new RTCSctpTransport(PORT);
  /** Of its own channels and of those that the other side opened. */
  readonly received: { readonly channel: number; readonly data: string | Buffer }[] = [];
  /** Those that the other side opened. */
  readonly incoming: RTCDataChannel[] = [];
  readonly #dtls: { dataReceiver?: (packet: Buffer) => void };
  #look: (() => void)[] = [];

  constructor(send: (packet: Buffer) => void) {
    const dtls = {
      id: 'test',
      iceTransport: { role: 'controlling' },
      onStateChange: new Event(),
      sendData: async (packet: Buffer) => send(packet),
    };
    this.#dtls = dtls as { dataReceiver?: (packet: Buffer) => void } & typeof dtls;
    this.sctp.setDtlsTransport(dtls as unknown as RTCDtlsTransport);
    this.sctp.onDataChannel.subscribe((channel) => {
      this.incoming.push(channel);
      this.#listen(channel);
    });
  }

  /** Begins the association. */
  async start(): Promise<void> {
    await this.sctp.start(PORT);
  }

  receive(packet: Buffer): void {
    this.#dtls.dataReceiver?.(packet);
    setImmediate(() => this.changed());
  }

  open(label: string, parameters: Partial<RTCDataChannelParameters> = {}): RTCDataChannel {
    const channel = new RTCDataChannel(
      this.sctp,
      new RTCDataChannelParameters({ label, ordered: true, protocol: '', ...parameters }),
    );
    this.#listen(channel);
    return channel;
  }

  /** Resolves when it is true; asked whenever something has come or was told by `changed`. */
  async until(holds: () => boolean): Promise<void> {
    while (!holds()) await new Promise<void>((resolve) => this.#look.push(resolve));
  }

  changed(): void {
    const look = this.#look;
    this.#look = [];
    for (const each of look) each();
  }

  async stop(): Promise<void> {
    await this.sctp.stop();
  }

  #listen(channel: RTCDataChannel): void {
    channel.onMessage.subscribe((data) => {
      this.received.push({ channel: channel.id, data });
      this.changed();
    });
    channel.stateChanged.subscribe(() => this.changed());
  }
}

export interface DataBench {
  readonly channels: DataChannels;
  readonly peer: TestDataPeer;
  /** `opened 1`, `closed 1`, in order. */
  readonly events: string[];
  /** What the server has sent. */
  readonly sent: Buffer[];
  /** What the server was given. */
  readonly given: Buffer[];
  end(): Promise<void>;
}

/** A server's side and a peer. `change`: of a packet on its way to the server; undefined: lost. */
export async function dataBench(
  options: Partial<DataChannelsOptions> & { change?: (packet: Buffer) => Buffer | undefined } = {},
): Promise<DataBench> {
  const events: string[] = [];
  const sent: Buffer[] = [];
  const given: Buffer[] = [];
  const { change = (packet) => packet, ...rest } = options;
  const peer = new TestDataPeer((packet) =>
    setImmediate(() => {
      const changed = change(packet);
      if (!changed) return;
      given.push(changed);
      channels.handlePacket(changed);
      setImmediate(() => peer.changed());
    }),
  );
  const channels = new DataChannels({
    log: pino({ enabled: false }),
    library: await loadSctp(),
    localPort: PORT,
    remotePort: PORT,
    remoteMaxMessageSize: 262_144,
    isDtlsServer: true,
    send: (packet) => {
      sent.push(packet);
      setImmediate(() => peer.receive(packet));
    },
    onOpened: (id) => events.push(`opened ${id}`),
    onClosed: (id) => events.push(`closed ${id}`),
    ...rest,
  });
  const end = async (): Promise<void> => {
    channels.close();
    await peer.stop();
  };
  return { channels, peer, events, sent, given, end };
}
