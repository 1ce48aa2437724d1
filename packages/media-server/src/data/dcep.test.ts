import { expect, it } from 'vitest';
import { readDcep, writeAck, writeOpen, type ChannelParameters } from './dcep.ts';

const none = { maxRetransmits: undefined, maxPacketLifeTime: undefined };

it.each<ChannelParameters>([
  { label: '', protocol: '', ordered: true, ...none },
  { label: 'Grüße', protocol: 'json', ordered: false, ...none },
  { label: 'a', protocol: '', ordered: true, ...none, maxRetransmits: 0 },
  { label: '', protocol: 'b', ordered: false, ...none, maxPacketLifeTime: 0xffff_ffff },
])('reads the opening of a channel as it was written: %j', (parameters) => {
  expect(readDcep(writeOpen(parameters))).toEqual({ type: 'open', parameters });
});

it('reads an acknowledgement', () => {
  expect(readDcep(writeAck())).toEqual({ type: 'ack' });
});

it('reads nothing from an opening that is cut short, of an unknown kind, or another message', () => {
  const whole = writeOpen({ label: 'chat', protocol: 'json', ordered: true, ...none });
  for (let length = 0; length < whole.length; length++)
    expect(readDcep(whole.subarray(0, length))).toBeUndefined();
  const unknown = Buffer.from(whole);
  unknown[1] = 0x83;
  expect(readDcep(unknown)).toBeUndefined();
  expect(readDcep(Buffer.of(7))).toBeUndefined();
});
