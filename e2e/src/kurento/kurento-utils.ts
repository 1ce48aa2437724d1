// Kurento's own library for pages from npm, unchanged, made into one script that a page can take; and the types of what
// the tests use of it.
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';
import { requireClient } from './npm-clients.ts';

type Callback<Result> = (error: Error | undefined, result: Result) => void;

export interface WebRtcPeer {
  readonly peerConnection: RTCPeerConnection;
  generateOffer(callback: Callback<string>): void;
  processAnswer(answer: string, callback: Callback<void>): void;
  addIceCandidate(candidate: RTCIceCandidateInit, callback: Callback<void>): void;
  dispose(): void;
}

interface WebRtcPeerOptions {
  readonly localVideo?: HTMLVideoElement;
  readonly remoteVideo?: HTMLVideoElement;
  readonly onicecandidate?: (candidate: RTCIceCandidate) => void;
  readonly configuration?: RTCConfiguration;
}

type Constructor = new (
  options: WebRtcPeerOptions,
  ready: (this: WebRtcPeer, error: Error | undefined) => void,
) => WebRtcPeer;

/** What the script defines as `kurentoUtils`. */
export interface KurentoUtils {
  readonly WebRtcPeer: {
    readonly WebRtcPeerSendrecv: Constructor;
    readonly WebRtcPeerSendonly: Constructor;
    readonly WebRtcPeerRecvonly: Constructor;
  };
}

/** The text of the script. */
export async function bundleKurentoUtils(): Promise<string> {
  const { outputFiles } = await build({
    entryPoints: [requireClient.resolve('kurento-utils')],
    bundle: true,
    write: false,
    format: 'iife',
    globalName: 'kurentoUtils',
    platform: 'browser',
    logLevel: 'error',
    define: { global: 'window' },
    alias: { events: fileURLToPath(new URL('events-for-browsers.cjs', import.meta.url)) },
  });
  const [script] = outputFiles;
  if (!script) throw new Error('nothing was bundled');
  return script.text;
}
