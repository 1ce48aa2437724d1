// Where a transport sends to when its peer moves: another address, another network, a restart of ICE.
import { pino } from 'pino';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { compoundRtcp, ICE_FAILED_AFTER, ICE_FORMER_ANSWERED_FOR, writeReceiverReport } from '@parley/rtc';
import { createDtlsCertificate } from './certificate.ts';
import { MediaPort } from './media-port.ts';
import { TestPeer, type TestPath } from './testing.ts';
import { WebRtcTransportFactory, type WebRtcTransport } from './webrtc-transport.ts';

const log = pino({ level: 'silent' });
const report = compoundRtcp([writeReceiverReport({ ssrc: 2, reports: [] })]);

describe('a connected transport', () => {
  const told: string[] = [];
  let port: MediaPort;
  let transport: WebRtcTransport;
  let peer: TestPeer;
  let wifi: TestPath;
  let cellular: TestPath;

  beforeEach(async () => {
    told.length = 0;
    port = await MediaPort.open({ host: '127.0.0.1', port: 0, log });
    transport = new WebRtcTransportFactory(port, ['127.0.0.1'], createDtlsCertificate(), log).create({
      onRtp: () => {},
      onRtcp: () => {},
      onIceState: (state) => told.push(state),
      onIceRestarted: () => told.push('restarted'),
      onSelectedPath: ({ address }) => told.push(address),
      onDtlsState: () => {},
    });
    peer = new TestPeer(transport);
    const fingerprint = { algorithm: 'sha-256', value: peer.certificate.fingerprint };
    transport.start({ ice: { ufrag: 'peer', pwd: 'secret' }, fingerprint, role: 'server' });
    wifi = peer.path('192.0.2.7');
    cellular = peer.path('198.51.100.9');
    peer.check(wifi, 0);
    await peer.connect(wifi, 0);
    told.length = 0;
  });

  afterEach(async () => {
    peer.close();
    transport.close();
    await port.close();
  });

  /** Where the next packet goes to. */
  async function destination(): Promise<string> {
    const before = [wifi, cellular].map(({ received }) => received.length);
    transport.sendRtcp(report);
    await Promise.resolve();
    const index = [wifi, cellular].findIndex(({ received }, i) => received.length > before[i]);
    return ['wifi', 'cellular'][index] ?? 'nowhere';
  }

  it('does not send media where a check points that nothing authentic follows', async () => {
    expect(peer.check(cellular, 1)).toBe(true);
    transport.handleDatagram('rtcp', Buffer.from(report), cellular, 2);
    transport.handleDatagram('rtp', Buffer.alloc(60, 0x80), cellular, 3);
    expect(await destination()).toBe('wifi');
    expect(told).toEqual([]);
  });

  it('follows a receiver to its new address with its first SRTCP from there', async () => {
    peer.check(cellular, 1);
    peer.sendRtcp(cellular, 2);
    expect(await destination()).toBe('cellular');
    expect(told).toEqual(['198.51.100.9']);
  });

  it('follows a sender to its new address with its first SRTP from there', async () => {
    peer.check(cellular, 1);
    const packet = Buffer.alloc(40, 1);
    packet[0] = 0x80;
    peer.sendRtp(cellular, 2, packet, 12);
    expect(await destination()).toBe('cellular');
  });

  it('does not follow authentic packets from an address that no check came from', async () => {
    peer.sendRtcp(cellular, 2);
    expect(await destination()).toBe('wifi');
  });

  it('keeps the former path until the peer has moved to one of a restart', async () => {
    const former = transport.local;
    transport.restartIce({ ufrag: 'next', pwd: 'secret' }, 1);
    expect(transport.local.ufrag).not.toBe(former.ufrag);
    peer.check(wifi, 2, { local: former });
    peer.remoteUfrag = 'next';
    peer.check(cellular, 3);
    expect(await destination()).toBe('wifi');

    peer.sendRtcp(cellular, 4);
    expect(await destination()).toBe('cellular');
    expect(told).toEqual(['198.51.100.9', 'restarted']);
    peer.remoteUfrag = 'peer';
    expect(peer.check(wifi, 5, { local: former })).toBe(false);
  });

  it('answers the credentials from before a restart no longer than their path is in use, though the peer has not moved', async () => {
    const former = transport.local;
    transport.restartIce({ ufrag: 'next', pwd: 'secret' }, 1);
    // The answer did not reach it, and it goes on as before.
    peer.check(wifi, ICE_FORMER_ANSWERED_FOR, { local: former });
    transport.tick(1 + ICE_FORMER_ANSWERED_FOR);
    const lastCheck = ICE_FORMER_ANSWERED_FOR + 10_000;
    peer.check(wifi, lastCheck, { local: former });
    const consentEnds = lastCheck + ICE_FAILED_AFTER;
    transport.tick(consentEnds - 1);
    expect(await destination()).toBe('wifi');
    transport.tick(consentEnds);
    expect(await destination()).toBe('nowhere');
    expect(told).toEqual(['disconnected', 'failed']);
    peer.remoteUfrag = 'next';
    peer.check(cellular, consentEnds);
    expect(await destination()).toBe('cellular');
    expect(told.slice(2)).toEqual(['198.51.100.9', 'connected', 'restarted']);
  });

  it('sends again after consent has run out and ICE was restarted, without another handshake', async () => {
    transport.tick(ICE_FAILED_AFTER);
    expect(await destination()).toBe('nowhere');
    transport.restartIce({ ufrag: 'next', pwd: 'secret' }, ICE_FAILED_AFTER);
    expect(await destination()).toBe('nowhere');
    peer.remoteUfrag = 'next';
    peer.check(cellular, ICE_FAILED_AFTER + 1);
    expect(await destination()).toBe('cellular');
    expect(told).toEqual(['failed', 'checking', '198.51.100.9', 'connected', 'restarted']);
    expect(transport.dtlsState).toBe('connected');
  });
});
