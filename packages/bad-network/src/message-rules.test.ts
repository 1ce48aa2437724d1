// Which answer belongs to which request, from the messages alone.
import { expect, it } from 'vitest';
import { isAnswerTo, isMethod, RequestMemory } from './message-rules.ts';

it('finds the request to an answer, once, and only in the other direction', () => {
  const memory = new RequestMemory();
  memory.contextOf({ id: 1, method: 'ask' }, 'up');
  memory.contextOf({ id: 1, method: 'askBack' }, 'down');
  const answer = { id: 1, result: {} };
  expect(isAnswerTo('ask')(answer, memory.contextOf(answer, 'down'))).toBe(true);
  expect(isAnswerTo('ask')(answer, memory.contextOf(answer, 'down'))).toBe(false);
  expect(isAnswerTo('askBack')(answer, memory.contextOf(answer, 'up'))).toBe(true);
});

it('tells the number 1 from the text "1", as JSON-RPC does', () => {
  const memory = new RequestMemory();
  memory.contextOf({ id: 1, method: 'ask' }, 'up');
  expect(memory.contextOf({ id: '1', result: {} }, 'down').answers).toBeUndefined();
});

it('forgets the oldest of a thousand requests that were never answered', () => {
  const memory = new RequestMemory();
  for (let id = 0; id <= 1_000; id++) memory.contextOf({ id, method: 'ask' }, 'up');
  expect(memory.contextOf({ id: 0, result: {} }, 'down').answers).toBeUndefined();
  expect(memory.contextOf({ id: 1, result: {} }, 'down').answers).toEqual({ id: 1, method: 'ask' });
});

it.each([null, 7, 'text', [], {}, { id: null }])('makes nothing of %j', (message) => {
  const context = new RequestMemory().contextOf(message, 'up');
  expect(isMethod('ask')(message, context)).toBe(false);
  expect(isAnswerTo('ask')(message, context)).toBe(false);
});
