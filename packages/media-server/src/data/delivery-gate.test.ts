import { expect, it } from 'vitest';
import { DeliveryGate } from './delivery-gate.ts';

function gateWithRoom() {
  const held: number[] = [];
  const delivered: string[] = [];
  const gate = new DeliveryGate((bytes) => held.push(bytes));
  const pass = (name: string, then?: () => void): void =>
    gate.pass(name.length, () => {
      delivered.push(name);
      then?.();
    });
  return { gate, held, delivered, pass };
}

function room() {
  let open: () => void = () => undefined;
  const promise = new Promise<void>((resolve) => (open = resolve));
  return { promise, open };
}

it('delivers at once while it is open, and in order after it was shut', async () => {
  const { gate, held, delivered, pass } = gateWithRoom();
  const first = room();
  pass('a');
  gate.shutUntil(first.promise);
  pass('bb');
  pass('ccc');
  expect(delivered).toEqual(['a']);
  expect(gate.heldBytes).toBe(5);
  first.open();
  await first.promise;
  expect(delivered).toEqual(['a', 'bb', 'ccc']);
  expect(held).toEqual([2, 3, -2, -3]);
  pass('d');
  expect(delivered.at(-1)).toBe('d');
});

it('is shut again by what it delivers, and keeps the rest', async () => {
  const { gate, delivered, pass } = gateWithRoom();
  const [first, second] = [room(), room()];
  gate.shutUntil(first.promise);
  pass('a', () => gate.shutUntil(second.promise));
  pass('b');
  first.open();
  await first.promise;
  expect(delivered).toEqual(['a']);
  second.open();
  await second.promise;
  expect(delivered).toEqual(['a', 'b']);
  expect(gate.heldBytes).toBe(0);
});

it('gives away what it holds at the end', () => {
  const { gate, delivered, pass } = gateWithRoom();
  gate.shutUntil(room().promise);
  pass('a');
  gate.flush();
  expect(delivered).toEqual(['a']);
  expect(gate.heldBytes).toBe(0);
});
