// The way of one page's media: its UDP goes through a proxy with a bad network in it, its TCP goes straight or nowhere.
import { packetKind, startUdpProxy, type UdpProxy } from '@parley/bad-network';
import type { Page } from 'playwright-core';

/** What happens to a page's media on the way; nothing left out does harm. */
export interface MediaFaults {
  /** Nothing passes over UDP until this long after its first packet, in ms. */
  readonly udpDeadMs?: number;
  /** Packets of media over UDP go one way only; all that sets the connection up passes. */
  readonly mediaCut?: 'up' | 'down';
  readonly tcp?: 'straight' | 'blocked';
}

/** To be called before the page is opened. The proxy is the caller's to close. */
export async function routeMedia(page: Page, rtcPort: number, faults: MediaFaults): Promise<UdpProxy> {
  let seen = false;
  const proxy: UdpProxy = await startUdpProxy({
    listen: { host: '127.0.0.1', port: 0 },
    target: { host: '127.0.0.1', port: rtcPort },
    onClient: (event) => {
      if (event !== 'came' || seen) return;
      seen = true;
      proxy.blackout(faults.udpDeadMs ?? 0);
    },
    filter: (bytes, direction) => {
      const kind = packetKind(bytes);
      return direction !== faults.mediaCut || (kind !== 'rtp' && kind !== 'rtcp');
    },
  });
  await page.addInitScript(rewriteCandidates, {
    udpPort: proxy.address.port,
    tcp: faults.tcp !== 'blocked',
  });
  return proxy;
}

/** Runs in the page: every candidate of the media server for UDP names the proxy, and those for TCP may be missing. */
function rewriteCandidates({ udpPort, tcp }: { udpPort: number; tcp: boolean }): void {
  const rewrite = (line: string): string =>
    line.replace(/^((?:a=)?candidate:\S+ \d+ udp \d+ \S+) \d+ /i, `$1 ${udpPort} `);
  const isMissing = (line: string): boolean => !tcp && /^(?:a=)?candidate:\S+ \d+ tcp /i.test(line);
  globalThis.RTCPeerConnection = class extends RTCPeerConnection {
    override setRemoteDescription(
      description: RTCSessionDescriptionInit | RTCLocalSessionDescriptionInit,
    ): Promise<void> {
      const lines = (description.sdp ?? '').split('\r\n').filter((line) => !isMissing(line));
      return super.setRemoteDescription({ type: 'answer', sdp: lines.map(rewrite).join('\r\n') });
    }

    override async addIceCandidate(candidate?: RTCIceCandidateInit | null): Promise<void> {
      const line = candidate?.candidate ?? '';
      if (isMissing(line)) return;
      await super.addIceCandidate({ ...candidate, candidate: rewrite(line) });
    }
  };
}
