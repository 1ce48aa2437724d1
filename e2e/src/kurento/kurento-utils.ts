// Kurento's own library for pages from npm, unchanged, made into one script that a page can take; and the types of what
// the tests use of it.
import { bundleForPage } from './page-bundle.ts';

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
export function bundleKurentoUtils(): Promise<string> {
  return bundleForPage('kurento-utils', 'kurentoUtils');
}
