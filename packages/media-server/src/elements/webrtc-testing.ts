// For tests: a WebRtcEndpoint on a media port of its own, its events, and a peer without sockets.
import { pino } from 'pino';
import type { Environment } from '../environment.ts';
import { Ticker } from '../ticker.ts';
import { createDtlsCertificate } from '../transport/certificate.ts';
import { MediaPort } from '../transport/media-port.ts';
import { TestPeer } from '../transport/testing.ts';
import { WebRtcTransportFactory, type WebRtcTransport } from '../transport/webrtc-transport.ts';
import type { ObjectEvent } from './media-object.ts';
import { WebRtcEndpoint } from './webrtc-endpoint.ts';

export interface EndpointUnderTest {
  readonly endpoint: WebRtcEndpoint;
  readonly transport: WebRtcTransport;
  readonly peer: TestPeer;
  readonly port: MediaPort;
  readonly events: ObjectEvent[];
  /** What was logged, one object a line. */
  readonly logged: Record<string, unknown>[];
  /** Another endpoint of the same media server. */
  another(params?: Record<string, unknown>): WebRtcEndpoint;
  readonly close: () => Promise<void>;
}

/** `params`: the constructor's, as the protocol hands them on. */
export async function openEndpoint(params: Record<string, unknown> = {}): Promise<EndpointUnderTest> {
  const logged: Record<string, unknown>[] = [];
  const log = pino(
    { level: 'debug' },
    { write: (line: string) => void logged.push(JSON.parse(line) as Record<string, unknown>) },
  );
  const port = await MediaPort.open({ host: '127.0.0.1', port: 0, log });
  const events: ObjectEvent[] = [];
  const ticker = new Ticker({
    onFault: (error) => {
      throw error;
    },
  });
  const factory = new WebRtcTransportFactory(port, ['127.0.0.1'], createDtlsCertificate(), log);
  const transports: WebRtcTransport[] = [];
  const create = factory.create.bind(factory);
  factory.create = (listener) => {
    const transport = create(listener);
    transports.push(transport);
    return transport;
  };
  const environment = { log, transports: factory, ticker } as unknown as Environment;
  const another = (params: Record<string, unknown> = {}): WebRtcEndpoint => {
    const publish = (event: ObjectEvent) => void events.push(event);
    const context = { id: 'endpoint', parent: undefined, environment, publish, released: () => {} };
    return new WebRtcEndpoint(context, params);
  };
  const endpoint = another(params);
  const peer = new TestPeer(transports[0]);
  const close = async () => {
    peer.close();
    await endpoint.release();
    ticker.close();
    await port.close();
  };
  return { endpoint, transport: transports[0], peer, port, events, logged, another, close };
}
