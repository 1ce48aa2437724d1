import { describe, expect, it } from 'vitest';
import { parseRtcp } from '../rtcp/rtcp-packet.ts';
import type { TransportFeedback } from '../rtcp/transport-feedback.ts';
import { SequenceUnwrapper } from '../rtp/sequence.ts';
import { seededRandom } from '../testing/seeded-random.ts';
import { TransportFeedbackRecorder } from './transport-feedback-recorder.ts';

function parse(bytes: Buffer): TransportFeedback {
  const packets = parseRtcp(bytes);
  const [packet] = packets;
  if (packets.length !== 1 || packet.type !== 'transport-feedback')
    throw new Error('not one feedback message');
  return packet;
}

/** Every message that is due now. */
function drain(recorder: TransportFeedbackRecorder, now: number): TransportFeedback[] {
  const messages: TransportFeedback[] = [];
  for (let bytes = recorder.due(now); bytes !== undefined; bytes = recorder.due(now)) {
    expect(bytes.length).toBeLessThan(1_200);
    messages.push(parse(bytes));
  }
  return messages;
}

/** Arrival times in ms by 16-bit sequence number; undefined: told of as lost. */
function arrivals(messages: TransportFeedback[]): Map<number, number | undefined> {
  const times = new Map<number, number | undefined>();
  for (const { referenceTime, packets } of messages) {
    let ticks = referenceTime * 256;
    for (const { sequence, receivedDeltaTicks } of packets) {
      if (receivedDeltaTicks !== undefined) ticks += receivedDeltaTicks;
      times.set(sequence, receivedDeltaTicks === undefined ? undefined : ticks / 4);
    }
  }
  return times;
}

describe.each([0, 100, 65534, 65535])('TransportFeedbackRecorder starting at %i', (start) => {
  const wire = (step: number) => (start + step) & 0xffff;

  function recorderWith(packets: [step: number, now: number][]): TransportFeedbackRecorder {
    const recorder = new TransportFeedbackRecorder({ senderSsrc: 7 });
    for (const [step, now] of packets) recorder.received(wire(step), 9, now);
    return recorder;
  }

  it('tells of losses and arrival times after 50 ms, and is silent then', () => {
    const recorder = recorderWith([
      [0, 1000],
      [1, 1001.25],
      [4, 1040],
    ]);
    expect(recorder.due(1049)).toBeUndefined();
    const messages = drain(recorder, 1050);
    expect(messages).toHaveLength(1);
    expect(messages[0]).toMatchObject({
      senderSsrc: 7,
      mediaSsrc: 9,
      baseSequence: wire(0),
      feedbackCount: 0,
    });
    expect([...arrivals(messages)]).toEqual([
      [wire(0), 1000],
      [wire(1), 1001.25],
      [wire(2), undefined],
      [wire(3), undefined],
      [wire(4), 1040],
    ]);
    expect(recorder.due(9_000)).toBeUndefined();
  });

  it('does not wait when many packets have come', () => {
    const recorder = recorderWith(Array.from({ length: 99 }, (_, step) => [step, 1000]));
    expect(recorder.due(1000)).toBeUndefined();
    recorder.received(wire(99), 9, 1000);
    expect(drain(recorder, 1000)[0].packets).toHaveLength(100);
  });

  it('begins the next message where the last one ended, losses in between included', () => {
    const recorder = recorderWith([
      [0, 0],
      [1, 0],
    ]);
    drain(recorder, 50);
    recorder.received(wire(3), 9, 60);
    const [message] = drain(recorder, 110);
    expect(message).toMatchObject({ baseSequence: wire(2), feedbackCount: 1 });
    expect([...arrivals([message])]).toEqual([
      [wire(2), undefined],
      [wire(3), 60],
    ]);
  });

  it('orders packets that overtook each other, with deltas below zero', () => {
    const messages = drain(
      recorderWith([
        [0, 0],
        [2, 5],
        [1, 10],
      ]),
      50,
    );
    expect(messages[0].packets.map(({ receivedDeltaTicks }) => receivedDeltaTicks)).toEqual([0, 40, -20]);
  });

  it('corrects itself when a packet comes that was told of as lost', () => {
    const recorder = recorderWith([
      [0, 0],
      [2, 1],
      [3, 2],
    ]);
    drain(recorder, 50);
    recorder.received(wire(1), 9, 55);
    const messages = drain(recorder, 105);
    expect([...arrivals(messages)]).toEqual([
      [wire(1), 55],
      [wire(2), 1],
      [wire(3), 2],
    ]);
    expect(recorder.due(1_000)).toBeUndefined();
  });

  it('keeps the first arrival of a duplicate, and does not tell of it again', () => {
    const recorder = recorderWith([
      [0, 0],
      [1, 1],
      [1, 40],
    ]);
    expect(arrivals(drain(recorder, 50)).get(wire(1))).toBe(1);
    recorder.received(wire(1), 9, 60);
    recorder.received(wire(0), 9, 60);
    expect(recorder.due(1_000)).toBeUndefined();
  });

  it('begins another message when the time between two packets does not fit into 16 bits', () => {
    const recorder = recorderWith([
      [0, 0],
      [2, 8_500],
      [3, 8_501],
    ]);
    const messages = drain(recorder, 8_551);
    expect(messages.map(({ baseSequence }) => baseSequence)).toEqual([wire(0), wire(1)]);
    expect(messages.map(({ feedbackCount }) => feedbackCount)).toEqual([0, 1]);
    expect([...arrivals(messages)]).toEqual([
      [wire(0), 0],
      [wire(1), undefined],
      [wire(2), 8_500],
      [wire(3), 8_501],
    ]);
  });

  it('splits a large burst into messages that fit into a datagram', () => {
    const recorder = recorderWith(Array.from({ length: 1_000 }, (_, index) => [index * 2, index % 3]));
    const messages = drain(recorder, 0);
    expect(messages).toHaveLength(3);
    const times = arrivals(messages);
    for (let index = 0; index < 1_000; index++) expect(times.get(wire(index * 2))).toBe(index % 3);
    expect(times.get(wire(1))).toBeUndefined();
  });

  it('tells of a long outage, and starts afresh after one that no message can tell of', () => {
    const recorder = recorderWith([[0, 0]]);
    drain(recorder, 50);
    recorder.received(wire(8_191), 9, 100);
    expect(drain(recorder, 150)[0].packets).toHaveLength(8_191);
    recorder.received(wire(8_191 + 8_192), 9, 200);
    const [message] = drain(recorder, 250);
    expect(message).toMatchObject({ baseSequence: wire(8_191 + 8_192) });
    expect(message.packets).toHaveLength(1);
  });

  it('ignores packets that come far too late', () => {
    const recorder = recorderWith([[0, 0]]);
    for (let step = 1; step < 3_000; step++) recorder.received(wire(step), 9, step);
    drain(recorder, 3_050);
    recorder.received(wire(-1), 9, 3_060);
    recorder.received(wire(500), 9, 3_060);
    expect(recorder.due(4_000)).toBeUndefined();
  });

  it('does not let late packets stretch a message without end', () => {
    const recorder = recorderWith([[0, 0]]);
    for (let step = -900; step > -20_000; step -= 900) recorder.received(wire(step), 9, 10);
    const messages = drain(recorder, 50);
    expect(messages[0]).toMatchObject({ baseSequence: wire(-8_100) });
    expect(arrivals(messages).get(wire(0))).toBe(0);
  });

  it('tells of everything exactly, at loss, reordering, duplicates and several wrap-arounds', () => {
    const random = seededRandom(start + 1);
    const recorder = new TransportFeedbackRecorder({ senderSsrc: 7 });
    const unwrapper = new SequenceUnwrapper();
    const told = new Map<number, number | undefined>();
    const expected = new Map<number, number>();
    const late: number[] = [];
    let nextCount = 0;
    const receive = (step: number, now: number) => {
      recorder.received(wire(step), 9, now);
      if (!expected.has(step)) expected.set(step, now);
    };
    const takeNote = (now: number) => {
      for (const message of drain(recorder, now)) {
        expect(message.feedbackCount).toBe(nextCount);
        nextCount = (nextCount + 1) & 0xff;
        for (const [sequence, time] of arrivals([message]))
          told.set(unwrapper.unwrap(sequence) - start, time);
      }
    };
    receive(0, 1);
    for (let step = 1; step < 150_000; step++) {
      const now = 1 + step / 4;
      const chance = random();
      if (chance < 0.05) late.push(step);
      else if (chance > 0.1) receive(step, now);
      if (chance > 0.98) receive(step, now + 0.25);
      if (late.length > 20) {
        // Anything up to some 850 packets late, so within what the recorder still tells of.
        const pick = step - late[0] > 800 ? 0 : Math.floor(random() * 3);
        receive(late.splice(pick, 1)[0], now);
      }
      if (step % 80 === 0) takeNote(now);
    }
    takeNote(1e6);
    expect(expected.size).toBeGreaterThan(130_000);
    // One comparison each for the whole: a hundred thousand calls of `expect` would take seconds.
    expect([...expected].filter(([step, time]) => told.get(step) !== time)).toEqual([]);
    expect([...told].filter(([step, time]) => time !== undefined && !expected.has(step))).toEqual([]);
  });
});

describe('TransportFeedbackRecorder', () => {
  it('has nothing to say before the first packet', () => {
    expect(new TransportFeedbackRecorder({ senderSsrc: 1 }).due(1e6)).toBeUndefined();
  });

  it('stays consistent under random sequence numbers', () => {
    const random = seededRandom(99);
    const recorder = new TransportFeedbackRecorder({ senderSsrc: 1 });
    let sequence = 0;
    let messages = 0;
    for (let now = 0; now < 20_000; now++) {
      const far = random() < 0.02;
      sequence += Math.floor(random() * (far ? 60_000 : 40)) - (far ? 30_000 : 18);
      recorder.received(sequence & 0xffff, 2, now);
      if (now % 20 === 0) messages += drain(recorder, now).length;
    }
    expect(messages).toBeGreaterThan(100);
  });
});
