import { causeTexts, FailureCause, type LegStatus } from '@parley/protocol';
import { describe, expect, it } from 'vitest';
import { verdictOn, type JudgedLeg } from './verdict.ts';

const CONFIRMED: LegStatus = { state: 'confirmed', step: 'confirmed', cause: null };

const leg = (
  kind: JudgedLeg['leg']['kind'],
  participantName: string | null,
  status: LegStatus = CONFIRMED,
  remedies: string[] = [],
): JudgedLeg => ({ leg: { kind, participant: null }, participantName, status, remedies });

const failed = (cause: FailureCause): LegStatus => ({ state: 'failed', step: 'negotiated', cause });

const up = leg('up', 'Ada');
const on = (...legs: JudgedLeg[]) => verdictOn({ kind: 'camera', ended: false, legs });

describe('of a stream', () => {
  it('says that everybody receives it when every viewer is confirmed', () => {
    const viewers = ['Bob', 'Cleo', 'Dan'].map((name) => leg('down', name));
    expect(on(up, ...viewers)).toEqual({
      level: 'good',
      text: 'Everybody receives it: 3 of 3 viewers confirmed.',
    });
    expect(on(up).text).toBe('The media server receives it; nobody watches.');
  });

  it.each(FailureCause.options)('names who does not receive it, why (%s), and what was tried', (cause) => {
    const cleo = leg('down', 'Cleo', failed(cause), ['requestKeyframe', 'restartIce any', 'restartIce any']);
    expect(on(up, leg('down', 'Bob'), cleo)).toEqual({
      level: 'failed',
      text: `Cleo does not receive it: ${causeTexts[cause].administrator} Tried: asking for a key frame, ICE restart. 1 of 2 viewers confirmed.`,
    });
  });

  it('names what a browser tried as what the server did for it, and nothing that is no remedy', () => {
    const told = ['key-frame', 'restart-tcp', 'restartIce tcp', 'restart-relay', 'constructor', 'a spell'];
    const cleo = leg('down', 'Cleo', failed('nothing-arrives'), told);
    expect(on(up, cleo).text).toMatch(/Tried: asking for a key frame, ICE over TCP, the relay\.$/);
  });

  it.each(FailureCause.options)('looks at the sender first, and says why (%s)', (cause) => {
    const verdict = on(leg('up', 'Ada', failed(cause)), leg('down', 'Cleo', failed('nothing-arrives')));
    expect(verdict.level).toBe('failed');
    const begin =
      cause === 'sender-sends-nothing'
        ? 'The sender sends nothing'
        : 'What Ada sends does not reach the media server';
    expect(verdict.text).toBe(`${begin}: ${causeTexts[cause].administrator}`);
  });

  it('puts those with the same trouble into one sentence, and counts when they are many', () => {
    const blocked = ['Bob', 'Cleo', 'Dan', 'Eve'].map((name) =>
      leg('down', name, failed('no-candidate-pair')),
    );
    expect(on(up, ...blocked.slice(2)).text).toContain('Dan and Eve do not receive it: No ICE check');
    expect(on(up, ...blocked).text).toContain('4 viewers do not receive it: No ICE check');
    const deaf = leg('down', null, failed('viewer-cannot-decode'));
    expect(on(up, ...blocked, deaf).text).toContain('a viewer without a name does not receive it: Packets');
  });

  it('prefers what failed to what is being repaired, and that to what is being established', () => {
    const repairing = leg('down', 'Bob', { ...failed('nothing-arrives'), state: 'repairing' });
    const establishing = leg('down', 'Cleo', { state: 'establishing', step: 'negotiated', cause: null });
    expect(on(up, establishing, repairing, leg('down', 'Dan', failed('dtls-failed'))).level).toBe('failed');
    expect(on(up, establishing, repairing).text).toContain('It is being repaired. Bob does not receive it:');
    expect(on(up, establishing)).toEqual({
      level: 'establishing',
      text: 'It is being established for Cleo; 0 of 1 viewer confirmed.',
    });
  });

  it('tells of a sender who is not there yet, or is being repaired', () => {
    const begun: LegStatus = { state: 'establishing', step: 'permitted', cause: null };
    expect(on(leg('up', 'Ada', begun)).text).toBe(
      'The way from Ada to the media server is being established; so far: it was permitted.',
    );
    const silent: LegStatus = { ...failed('sender-sends-nothing'), state: 'repairing' };
    expect(on(leg('up', 'Ada', silent))).toMatchObject({ level: 'repairing' });
    expect(on()).toEqual({ level: 'establishing', text: 'Nothing was sent yet.' });
  });

  it('says after the end how it was then', () => {
    const legs = [up, leg('down', 'Bob')];
    expect(verdictOn({ kind: 'screen', ended: true, legs })).toEqual({
      level: 'ended',
      text: 'It has ended. At the end: everybody receives it: 1 of 1 viewer confirmed.',
    });
  });
});

describe('of a test', () => {
  const test = (...legs: JudgedLeg[]) => verdictOn({ kind: 'test', ended: false, legs });
  const record = leg('testRecord', null);

  it('says which half of it did not work, and why', () => {
    const text = causeTexts['sender-sends-nothing'].administrator;
    expect(test(leg('testRecord', null, failed('sender-sends-nothing')))).toEqual({
      level: 'failed',
      text: `The test was not recorded: ${text}`,
    });
    expect(test(record, leg('testPlayback', null, failed('no-candidate-pair'))).text).toContain(
      'The test was not played back: No ICE check',
    );
  });

  it('is good when it was recorded, played back, and shown', () => {
    expect(test()).toEqual({ level: 'establishing', text: 'The test has not begun.' });
    const connected: LegStatus = { state: 'establishing', step: 'ice-connected', cause: null };
    expect(test(leg('testRecord', null, connected)).text).toBe(
      'The test is not recorded yet; so far: ICE is connected.',
    );
    expect(test(record)).toMatchObject({ level: 'good' });
    const sent: LegStatus = { state: 'establishing', step: 'media-arriving', cause: null };
    expect(test(record, leg('testPlayback', null, sent)).text).toContain('the browser did not tell');
    expect(test(record, leg('testPlayback', null)).text).toContain('the browser showed it');
  });
});
