// The WebSocket between one page and the application server with faults on single messages, and an ear at what the server
// tells of the legs. The faults are the bad network's; the page's own WebSocket is routed through here.
import {
  RequestMemory,
  type Direction,
  type MessageFault,
  type MessagePredicate,
  type MessageRule,
} from '@parley/bad-network';
import type { Page, WebSocketRoute } from 'playwright-core';
import { LegLog } from './leg-log.ts';

/** A rule with how many messages it may still take. */
interface RuleLeft {
  readonly rule: MessageRule;
  left: number;
}

interface Held {
  readonly behind: MessagePredicate | undefined;
  readonly deliver: () => void;
}

/** To be called before the page is opened. Gives what the server tells that page of its legs, over all connections. */
export async function routeSignalling(page: Page, rules: readonly MessageRule[]): Promise<LegLog> {
  const log = new LegLog();
  const left = rules.map((rule) => ({ rule, left: rule.times ?? Infinity }));
  await page.routeWebSocket(/\/ws$/, (socket) => route(socket, left, log));
  return log;
}

function route(page: WebSocketRoute, rules: readonly RuleLeft[], log: LegLog): void {
  const server = page.connectToServer();
  const memory = new RequestMemory();
  const held: Record<Direction, Held[]> = { up: [], down: [] };
  const pass = (text: string, direction: Direction, to: WebSocketRoute): void => {
    const message: unknown = JSON.parse(text);
    const context = memory.contextOf(message, direction);
    if (direction === 'down') log.heard(message, context.answers);
    const deliver = () => to.send(text);
    const taking = rules.find(
      ({ rule, left }) =>
        left > 0 &&
        (rule.direction === 'both' || rule.direction === direction) &&
        rule.matches(message, context),
    );
    if (taking) {
      taking.left--;
      apply(taking.rule.fault, deliver, held[direction], page);
    } else deliver();
    const due = held[direction].filter(({ behind }) => behind?.(message, context));
    held[direction] = held[direction].filter((one) => !due.includes(one));
    for (const one of due) one.deliver();
  };
  page.onMessage((text) => pass(String(text), 'up', server));
  server.onMessage((text) => pass(String(text), 'down', page));
}

function apply(fault: MessageFault, deliver: () => void, held: Held[], page: WebSocketRoute): void {
  switch (fault.do) {
    case 'swallow':
      return;
    case 'duplicate':
      deliver();
      return deliver();
    case 'delay':
      setTimeout(deliver, fault.ms);
      return;
    case 'hold':
      held.push({ behind: fault.behind, deliver });
      return;
    case 'cut':
      void page.close({ code: 1011 });
  }
}
