import { beforeEach, describe, expect, it } from 'vitest';
import {
  STUN_ATTRIBUTE,
  textAttribute,
  uint32Attribute,
  type StunAttribute,
} from '../stun/stun-attributes.ts';
import {
  buildStun,
  parseStun,
  verifyFingerprint,
  verifyIntegrity,
  type StunMessage,
} from '../stun/stun-message.ts';
import { randomIceCredentials } from './ice-credentials.ts';
import {
  ICE_DISCONNECTED_AFTER,
  ICE_FAILED_AFTER,
  ICE_FORMER_ANSWERED_FOR,
  ICE_MAX_SOURCES,
  IceLiteAgent,
} from './ice-lite-agent.ts';
import type { IceSource } from './ice-lite-agent.ts';

const LOCAL = { ufrag: 'server00', pwd: 'the-server-password-0001' };
const REMOTE = { ufrag: 'brow', pwd: 'the-browser-password-001' };
const WIFI: IceSource = { protocol: 'udp', address: '192.0.2.1', port: 50001 };
const CELLULAR: IceSource = { protocol: 'udp', address: '2001:db8::7', port: 50002 };
const TRANSACTION_ID = Buffer.from('0102030405060708090a0b0c', 'hex');

interface CheckOptions {
  username?: string | undefined;
  password?: string | undefined;
  nominate?: boolean;
  fingerprint?: boolean;
  more?: readonly StunAttribute[];
}

function check(options: CheckOptions = {}): Buffer {
  const { username = `${LOCAL.ufrag}:${REMOTE.ufrag}`, password = LOCAL.pwd, more = [] } = options;
  return buildStun({
    messageClass: 'request',
    method: 1,
    transactionId: TRANSACTION_ID,
    attributes: [
      textAttribute(STUN_ATTRIBUTE.USERNAME, username),
      uint32Attribute(STUN_ATTRIBUTE.PRIORITY, 1853759231),
      { type: STUN_ATTRIBUTE.ICE_CONTROLLING, value: Buffer.alloc(8, 1) },
      ...(options.nominate ? [{ type: STUN_ATTRIBUTE.USE_CANDIDATE, value: Buffer.alloc(0) }] : []),
      ...more,
    ],
    integrityKey: password,
    fingerprint: options.fingerprint ?? true,
  });
}

const other = (port: number): IceSource => ({ protocol: 'udp', address: '192.0.2.9', port });

function parsed(bytes: Buffer | undefined): StunMessage {
  const message = bytes && parseStun(bytes);
  if (message === undefined) throw new Error('no STUN message');
  return message;
}

let agent: IceLiteAgent;
beforeEach(() => {
  agent = new IceLiteAgent({ localUfrag: LOCAL.ufrag, localPwd: LOCAL.pwd, remoteUfrag: REMOTE.ufrag });
});

describe('an authenticated check', () => {
  it('is answered with the source it came from, authenticated by the local password', () => {
    const response = parsed(agent.handleStun(check(), CELLULAR, 1000).response);
    expect(response.messageClass).toBe('success');
    expect(response.transactionId).toEqual(TRANSACTION_ID);
    expect(CELLULAR).toMatchObject(response.xorMappedAddress ?? { address: 'none' });
    expect(verifyIntegrity(response, LOCAL.pwd)).toBe(true);
    expect(verifyFingerprint(response)).toBe(true);
  });

  it('makes its source usable at once, before any nomination', () => {
    expect(agent.handleStun(check(), WIFI, 1000).selected).toBe(true);
    expect(agent.selected).toMatchObject(WIFI);
    expect(agent.isAuthenticated(WIFI)).toBe(true);
    expect(agent.isAuthenticated({ ...WIFI, port: WIFI.port + 1 })).toBe(false);
    expect(agent.isAuthenticated({ ...WIFI, address: CELLULAR.address })).toBe(false);
  });

  it('does not move the selection unless it nominates', () => {
    agent.handleStun(check(), WIFI, 1000);
    expect(agent.handleStun(check(), CELLULAR, 1001).selected).toBe(false);
    expect(agent.selected).toMatchObject(WIFI);
    expect(agent.isAuthenticated(CELLULAR)).toBe(true);
  });

  it('moves the selection with each nomination, and reports it only when it moves', () => {
    agent.handleStun(check(), WIFI, 1000);
    expect(agent.handleStun(check({ nominate: true }), WIFI, 1001).selected).toBe(false);
    expect(agent.handleStun(check({ nominate: true }), CELLULAR, 1002).selected).toBe(true);
    expect(agent.selected).toMatchObject(CELLULAR);
    expect(agent.handleStun(check({ nominate: true }), WIFI, 1003).selected).toBe(true);
    expect(agent.selected).toMatchObject(WIFI);
  });

  it('replaces a provisional source that has gone silent, but not a nominated one', () => {
    agent.handleStun(check(), WIFI, 0);
    expect(agent.handleStun(check(), CELLULAR, ICE_DISCONNECTED_AFTER).selected).toBe(true);
    agent.handleStun(check({ nominate: true }), CELLULAR, ICE_DISCONNECTED_AFTER);
    expect(agent.handleStun(check(), WIFI, 3 * ICE_DISCONNECTED_AFTER).selected).toBe(false);
    expect(agent.selected).toMatchObject(CELLULAR);
  });

  it('is accepted before the remote description is known, with any remote ufrag', () => {
    const early = new IceLiteAgent({ localUfrag: LOCAL.ufrag, localPwd: LOCAL.pwd });
    expect(early.handleStun(check({ username: `${LOCAL.ufrag}:whoever` }), WIFI, 0).selected).toBe(true);
    early.setRemote({ ufrag: 'whoever', pwd: REMOTE.pwd });
    expect(early.selected).toMatchObject(WIFI);
  });

  it('is forgotten when the remote description names another ufrag', () => {
    agent.handleStun(check({ nominate: true }), WIFI, 0);
    agent.setRemote({ ufrag: 'next', pwd: REMOTE.pwd });
    expect(agent.selected).toBeUndefined();
    expect(agent.isAuthenticated(WIFI)).toBe(false);
    expect(agent.state(1)).toBe('checking');
    expect(parsed(agent.handleStun(check(), WIFI, 2).response).errorCode?.code).toBe(401);
    expect(agent.handleStun(check({ username: `${LOCAL.ufrag}:next` }), CELLULAR, 3).selected).toBe(true);
  });
});

describe('a refused check', () => {
  const unauthenticated = buildStun({
    messageClass: 'request',
    method: 1,
    transactionId: TRANSACTION_ID,
    attributes: [textAttribute(STUN_ATTRIBUTE.USERNAME, `${LOCAL.ufrag}:${REMOTE.ufrag}`)],
    fingerprint: true,
  });
  const withoutUsername = buildStun({
    messageClass: 'request',
    method: 1,
    transactionId: TRANSACTION_ID,
    integrityKey: LOCAL.pwd,
    fingerprint: true,
  });

  it.each([
    ['400 without MESSAGE-INTEGRITY', 400, unauthenticated],
    ['400 without USERNAME', 400, withoutUsername],
    ['401 with a wrong password', 401, check({ password: REMOTE.pwd, nominate: true })],
    ['401 with another local ufrag', 401, check({ username: `server01:${REMOTE.ufrag}`, nominate: true })],
    ['401 with another remote ufrag', 401, check({ username: `${LOCAL.ufrag}:other`, nominate: true })],
    [
      '401 with a ufrag that only begins like ours',
      401,
      check({ username: `${LOCAL.ufrag}${REMOTE.ufrag}` }),
    ],
  ])('gets %s, unauthenticated, and changes nothing', (_name, code, bytes) => {
    const result = agent.handleStun(bytes, WIFI, 1000);
    const response = parsed(result.response);
    expect(response.messageClass).toBe('error');
    expect(response.errorCode?.code).toBe(code);
    expect(response.attribute(STUN_ATTRIBUTE.MESSAGE_INTEGRITY)).toBeUndefined();
    expect(verifyFingerprint(response)).toBe(true);
    expect(result.selected).toBe(false);
    expect(agent.selected).toBeUndefined();
    expect(agent.isAuthenticated(WIFI)).toBe(false);
    expect(agent.state(1000)).toBe('checking');
  });

  it.each([
    [
      '487 when the other side also claims to be controlled',
      487,
      check({ nominate: true, more: [{ type: STUN_ATTRIBUTE.ICE_CONTROLLED, value: Buffer.alloc(8) }] }),
    ],
    [
      '420 when it asks for something unknown',
      420,
      check({ nominate: true, more: [{ type: 0x7abc, value: Buffer.alloc(2) }] }),
    ],
  ])('gets %s, authenticated, and changes nothing', (_name, code, bytes) => {
    const result = agent.handleStun(bytes, WIFI, 1000);
    const response = parsed(result.response);
    expect(response.errorCode?.code).toBe(code);
    expect(verifyIntegrity(response, LOCAL.pwd)).toBe(true);
    if (code === 420)
      expect(response.attribute(STUN_ATTRIBUTE.UNKNOWN_ATTRIBUTES)?.toString('hex')).toBe('7abc');
    expect(agent.selected).toBeUndefined();
  });

  it('does not keep an established connection alive', () => {
    agent.handleStun(check(), WIFI, 0);
    agent.handleStun(check({ password: REMOTE.pwd }), WIFI, ICE_DISCONNECTED_AFTER - 1);
    expect(agent.state(ICE_DISCONNECTED_AFTER)).toBe('disconnected');
  });

  it('is not answered when it lacks a fingerprint or is no binding request', () => {
    const base = { transactionId: TRANSACTION_ID, integrityKey: LOCAL.pwd, fingerprint: true } as const;
    const attributes = [textAttribute(STUN_ATTRIBUTE.USERNAME, `${LOCAL.ufrag}:${REMOTE.ufrag}`)];
    const ignored = [
      check({ fingerprint: false }),
      check().subarray(0, 40),
      Buffer.alloc(0),
      buildStun({ ...base, attributes, messageClass: 'indication', method: 1 }),
      buildStun({ ...base, attributes, messageClass: 'success', method: 1 }),
      buildStun({ ...base, attributes, messageClass: 'error', method: 1 }),
      buildStun({ ...base, attributes, messageClass: 'request', method: 3 }),
    ];
    for (const bytes of ignored) {
      expect(agent.handleStun(bytes, WIFI, 0)).toEqual({ response: undefined, selected: false });
    }
    expect(agent.selected).toBeUndefined();
  });
});

describe('the state', () => {
  it('goes from new over checking to connected', () => {
    const fresh = new IceLiteAgent({ localUfrag: LOCAL.ufrag, localPwd: LOCAL.pwd });
    expect(fresh.state(0)).toBe('new');
    fresh.setRemote(REMOTE);
    expect(fresh.state(1e9)).toBe('checking');
    fresh.handleStun(check(), WIFI, 1e9);
    expect(fresh.state(1e9)).toBe('connected');
  });

  it('changes exactly when consent is missed and when it has run out, and recovers with a check', () => {
    agent.handleStun(check({ nominate: true }), WIFI, 500);
    const disconnectedAt = 500 + ICE_DISCONNECTED_AFTER;
    expect(agent.state(disconnectedAt - 1)).toBe('connected');
    expect(agent.state(disconnectedAt)).toBe('disconnected');
    const failedAt = 500 + ICE_FAILED_AFTER;
    expect(agent.state(failedAt - 1)).toBe('disconnected');
    expect(agent.state(failedAt)).toBe('failed');
    agent.handleStun(check(), WIFI, failedAt);
    expect(agent.state(failedAt)).toBe('connected');
  });

  it('does not go back to checking when the only connection closes: the peer is missed, then given up', () => {
    const connection: IceSource = { ...WIFI, protocol: 'tcp' };
    agent.handleStun(check({ nominate: true }), connection, 500);
    agent.forget(connection);
    expect(agent.hasConsent(500)).toBe(false);
    expect(agent.state(500)).toBe('disconnected');
    const failedAt = 500 + ICE_FAILED_AFTER;
    expect(agent.state(failedAt - 1)).toBe('disconnected');
    expect(agent.state(failedAt)).toBe('failed');
    agent.handleStun(check(), { ...CELLULAR, protocol: 'tcp' }, failedAt);
    expect(agent.state(failedAt)).toBe('connected');
  });

  it('is checking again when another peer than the one that was lost is described', () => {
    agent.handleStun(check(), WIFI, 0);
    agent.forget(WIFI);
    agent.setRemote({ ufrag: 'another', pwd: 'another-password-of-a-peer' });
    expect(agent.state(0)).toBe('checking');
  });
});

describe('the remembered sources', () => {
  it('are not the same over TCP as over UDP from the same address and port', () => {
    const connection: IceSource = { ...WIFI, protocol: 'tcp' };
    agent.handleStun(check(), WIFI, 0);
    expect(agent.isAuthenticated(connection)).toBe(false);
    expect(agent.handleStun(check({ nominate: true }), connection, 1).selected).toBe(true);
    expect(agent.selected).toBe(connection);
  });

  it('are not the same through a relay of this side as without it', () => {
    const relayed: IceSource = { ...WIFI, relayed: true };
    agent.handleStun(check(), WIFI, 0);
    expect(agent.isAuthenticated(relayed)).toBe(false);
    expect(agent.handleStun(check({ nominate: true }), relayed, 1).selected).toBe(true);
    expect(agent.selected).toBe(relayed);
  });

  it('give way to another that passed a check when their connection closes', () => {
    const connection: IceSource = { ...WIFI, protocol: 'tcp' };
    agent.handleStun(check(), CELLULAR, 0);
    agent.handleStun(check({ nominate: true }), connection, 1);
    agent.forget(connection);
    expect(agent.selected).toBe(CELLULAR);
    agent.forget(CELLULAR);
    expect(agent.selected).toBeUndefined();
  });

  it('are limited: the least recently checked is forgotten, never the selected one', () => {
    agent.handleStun(check({ nominate: true }), WIFI, 0);
    for (let i = 0; i < ICE_MAX_SOURCES; i++) agent.handleStun(check(), other(1000 + i), i);
    expect(agent.isAuthenticated(WIFI)).toBe(true);
    expect(agent.isAuthenticated(other(1000))).toBe(false);
    expect(agent.isAuthenticated(other(1001))).toBe(true);
    expect(agent.isAuthenticated(other(1000 + ICE_MAX_SOURCES - 1))).toBe(true);
  });
});

describe('a nomination after proof is demanded', () => {
  beforeEach(() => {
    agent.handleStun(check({ nominate: true }), WIFI, 0);
    agent.demandProof();
  });

  it('moves the selection only when something of the peer came from there', () => {
    expect(agent.handleStun(check({ nominate: true }), CELLULAR, 1).selected).toBe(false);
    expect(agent.selected).toBe(WIFI);
    expect(agent.proved(CELLULAR)).toBe(true);
    expect(agent.selected).toBe(CELLULAR);
  });

  it('does not come back when late packets of the former path arrive', () => {
    agent.handleStun(check({ nominate: true }), CELLULAR, 1);
    agent.proved(CELLULAR);
    agent.handleStun(check(), WIFI, 2);
    expect(agent.proved(WIFI)).toBe(false);
    expect(agent.selected).toBe(CELLULAR);
  });

  it('is enough over TCP, whose source cannot be forged', () => {
    const connection: IceSource = { ...WIFI, protocol: 'tcp' };
    expect(agent.handleStun(check({ nominate: true }), connection, 1).selected).toBe(true);
  });

  it('is enough once nothing is heard of the former path', () => {
    agent.handleStun(check({ nominate: true }), CELLULAR, ICE_DISCONNECTED_AFTER - 1);
    expect(agent.selected).toBe(WIFI);
    expect(agent.handleStun(check(), CELLULAR, ICE_DISCONNECTED_AFTER).selected).toBe(true);
  });

  it('is not needed by a client whose address was changed for it, but the proof is', () => {
    const rebound = { ...WIFI, port: WIFI.port + 1 };
    agent.handleStun(check(), rebound, 1);
    expect(agent.selected).toBe(WIFI);
    expect(agent.proved(rebound)).toBe(true);
    expect(agent.selected).toBe(rebound);
  });

  it('is needed where both paths are alive, and no proof comes from a source that was never checked', () => {
    agent.handleStun(check(), CELLULAR, 1);
    agent.handleStun(check(), WIFI, 2);
    expect(agent.proved(CELLULAR)).toBe(false);
    expect(agent.proved(other(7))).toBe(false);
    expect(agent.selected).toBe(WIFI);
  });
});

describe('a restart', () => {
  const NEXT_LOCAL = { ufrag: 'server02', pwd: 'the-server-password-0002' };
  const NEXT_REMOTE = 'next';
  const nextCheck = (options: CheckOptions = {}) =>
    check({ username: `${NEXT_LOCAL.ufrag}:${NEXT_REMOTE}`, password: NEXT_LOCAL.pwd, ...options });

  beforeEach(() => {
    agent.handleStun(check({ nominate: true }), WIFI, 0);
    agent.demandProof();
    agent.restart(NEXT_LOCAL, NEXT_REMOTE, 0);
  });

  it('leaves the former path and credentials working until the peer has moved', () => {
    agent.handleStun(nextCheck(), CELLULAR, 1);
    agent.handleStun(nextCheck({ nominate: true }), CELLULAR, 2);
    expect(agent.selected).toBe(WIFI);
    expect(parsed(agent.handleStun(check(), WIFI, 3).response).messageClass).toBe('success');
    expect(agent.restarting).toBe(true);

    agent.proved(CELLULAR);
    expect(agent.selected).toBe(CELLULAR);
    expect(agent.restarting).toBe(false);
    expect(agent.accepts(LOCAL.ufrag)).toBe(false);
    expect(parsed(agent.handleStun(check(), WIFI, 4).response).errorCode?.code).toBe(401);
  });

  it('answers each generation with its own password', () => {
    const response = parsed(agent.handleStun(nextCheck(), CELLULAR, 1).response);
    expect(verifyIntegrity(response, NEXT_LOCAL.pwd)).toBe(true);
    const crossed = nextCheck({ password: LOCAL.pwd });
    expect(parsed(agent.handleStun(crossed, CELLULAR, 2).response).errorCode?.code).toBe(401);
  });

  it('ends when the new generation nominates the very path that is in use, late old checks or not', () => {
    agent.handleStun(nextCheck(), WIFI, 1);
    agent.handleStun(check({ nominate: true }), WIFI, 2);
    expect(agent.restarting).toBe(true);
    agent.handleStun(nextCheck({ nominate: true }), WIFI, 3);
    expect(agent.restarting).toBe(false);
    expect(agent.selected).toBe(WIFI);
    expect(agent.isAuthenticated(WIFI)).toBe(true);
  });

  it('recovers from failed, with the first check that comes', () => {
    expect(agent.state(ICE_FAILED_AFTER)).toBe('checking');
    expect(agent.hasConsent(ICE_FAILED_AFTER)).toBe(false);
    expect(agent.handleStun(nextCheck(), CELLULAR, ICE_FAILED_AFTER).selected).toBe(true);
    expect(agent.state(ICE_FAILED_AFTER)).toBe('connected');
    expect(agent.hasConsent(ICE_FAILED_AFTER)).toBe(true);
  });

  it('to TCP refuses UDP: what is in use once a check has come over TCP, all else at once', () => {
    const connection: IceSource = { ...WIFI, protocol: 'tcp' };
    agent.tcpOnly = true;
    expect(parsed(agent.handleStun(nextCheck(), CELLULAR, 2).response).errorCode?.code).toBe(403);
    const refusal = parsed(agent.handleStun(check(), WIFI, 4).response);
    expect(refusal.errorCode?.code).toBe(403);
    expect(verifyIntegrity(refusal, LOCAL.pwd)).toBe(true);
    expect(agent.selected).toBe(WIFI);
    agent.handleStun(nextCheck({ nominate: true }), connection, 5);
    expect(agent.selected).toBe(connection);
  });

  it('to TCP moves there with the first check, and is over with the nomination', () => {
    const connection: IceSource = { ...WIFI, protocol: 'tcp' };
    const second: IceSource = { ...CELLULAR, protocol: 'tcp' };
    agent.tcpOnly = true;
    agent.handleStun(nextCheck(), connection, 5);
    expect(agent.selected).toBe(connection);
    expect(agent.restarting).toBe(true);
    agent.handleStun(nextCheck(), second, 6);
    expect(agent.selected).toBe(connection);
    agent.handleStun(nextCheck({ nominate: true }), connection, 7);
    expect(agent.restarting).toBe(false);
  });

  it('answers the former credentials as long as their path is in use, and no longer, though the peer has not moved', () => {
    const lastCheck = ICE_FORMER_ANSWERED_FOR - 1;
    agent.handleStun(check(), WIFI, lastCheck);
    const consentEnds = lastCheck + ICE_FORMER_ANSWERED_FOR;
    agent.handleStun(check(), CELLULAR, consentEnds - 1);
    expect(agent.expire(consentEnds - 1)).toBe(false);
    expect([agent.selected, agent.hasConsent(consentEnds - 1)]).toEqual([WIFI, true]);
    expect(agent.expire(consentEnds)).toBe(true);
    expect(agent.expire(consentEnds)).toBe(false);
    expect(agent.accepts(LOCAL.ufrag)).toBe(false);
    expect(parsed(agent.handleStun(check(), WIFI, consentEnds).response).errorCode?.code).toBe(401);
    expect([agent.selected, agent.hasConsent(consentEnds)]).toEqual([WIFI, false]);
    expect(agent.state(consentEnds)).toBe('failed');

    agent.handleStun(nextCheck({ nominate: true }), CELLULAR, consentEnds);
    expect([agent.selected, agent.restarting, agent.isAuthenticated(WIFI)]).toEqual([CELLULAR, false, false]);
    expect(agent.state(consentEnds)).toBe('connected');
  });

  it('that is begun again gives the former credentials as long again, but does not bring them back', () => {
    const third = { ufrag: 'server03', pwd: 'the-server-password-0003' };
    agent.restart(third, 'third', 10_000);
    expect(agent.expire(ICE_FORMER_ANSWERED_FOR)).toBe(false);
    expect(agent.expire(ICE_FORMER_ANSWERED_FOR + 10_000)).toBe(true);
    agent.restart({ ...third, ufrag: 'server04' }, 'fourth', ICE_FORMER_ANSWERED_FOR + 10_001);
    expect(agent.accepts(LOCAL.ufrag)).toBe(false);
  });

  it('that is begun again before the peer moved still keeps the path in use, and forgets the one between', () => {
    agent.handleStun(nextCheck(), CELLULAR, 1);
    agent.restart({ ufrag: 'server03', pwd: 'the-server-password-0003' }, 'third', 2);
    expect(agent.accepts(NEXT_LOCAL.ufrag)).toBe(false);
    expect(agent.isAuthenticated(CELLULAR)).toBe(false);
    expect(agent.accepts(LOCAL.ufrag)).toBe(true);
    expect(agent.selected).toBe(WIFI);
  });
});

describe('randomIceCredentials', () => {
  it('gives different ice-chars of sufficient length each time', () => {
    const all = Array.from({ length: 100 }, randomIceCredentials);
    for (const { ufrag, pwd } of all) {
      expect(ufrag).toMatch(/^[A-Za-z0-9+/]{4,256}$/);
      expect(pwd).toMatch(/^[A-Za-z0-9+/]{22,256}$/);
    }
    expect(new Set(all.map(({ ufrag }) => ufrag)).size).toBe(100);
  });
});
