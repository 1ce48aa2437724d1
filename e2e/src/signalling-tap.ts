// Overhears what one page and the application server say to each other.
import type { Page } from 'playwright-core';
import { expect } from 'vitest';

type Params = Record<string, unknown>;

interface Message {
  readonly id?: number | string;
  readonly method?: string;
  readonly params?: Params;
  readonly result?: Params;
  readonly error?: unknown;
}

export interface Conversation {
  /** What the page asked. */
  readonly requests: Message[];
  /** What the server answered. */
  readonly answers: Message[];
  /** What the server told unasked. */
  readonly notifications: Message[];
  /** The params of the first request of this name, for this stream when one is named; waits for it. */
  request(method: string, stream?: string): Promise<Params>;
  /** The result of the first request of this name; waits for it. */
  answerTo(method: string): Promise<Params>;
}

/** To be called before the page is opened. */
export function listenToSignalling(page: Page): Conversation {
  const requests: Message[] = [];
  const answers: Message[] = [];
  const notifications: Message[] = [];
  page.on('websocket', (socket) => {
    socket.on('framesent', ({ payload }) => requests.push(JSON.parse(String(payload)) as Message));
    socket.on('framereceived', ({ payload }) => {
      const message = JSON.parse(String(payload)) as Message;
      (message.method === undefined ? answers : notifications).push(message);
    });
  });
  const waitFor = async (find: () => Message | undefined, what: string): Promise<Message> => {
    await expect.poll(find, { timeout: 10_000, message: what }).toBeDefined();
    return find() ?? {};
  };
  const findRequest = (method: string, stream?: string) =>
    requests.find(
      (message) =>
        message.method === method && (stream === undefined || message.params?.['stream'] === stream),
    );
  return {
    requests,
    answers,
    notifications,
    request: async (method, stream) =>
      (await waitFor(() => findRequest(method, stream), method)).params ?? {},
    answerTo: async (method) => {
      const { id } = await waitFor(() => findRequest(method), method);
      return (
        (await waitFor(() => answers.find((answer) => answer.id === id), `answer to ${method}`)).result ?? {}
      );
    },
  };
}
