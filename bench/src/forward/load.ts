// The load, in a process of its own so that its work is not counted as the server's: one sender and many receivers that
// set their sessions up through the Kurento Protocol. Told what to do, and answering, over the IPC channel.
import { z } from 'zod';
import { KurentoSession } from './kurento-session.ts';
import { RtcPeer } from './rtc-peer.ts';

export const LoadCommand = z.discriminatedUnion('command', [
  z.object({ command: z.literal('connect'), receivers: z.number().int() }),
  z.object({ command: z.literal('send'), milliseconds: z.number() }),
  z.object({ command: z.literal('close') }),
]);
export type LoadCommand = z.infer<typeof LoadCommand>;

export interface LoadAnswer {
  readonly sent: number;
  readonly received: number;
  /** Packets that did not open under the receiver's keys, of those that were tried. */
  readonly broken: number;
}

/** 30 frames of 8 packets and 50 audio packets a second: about 2.2 Mbit/s. */
const FRAME_INTERVAL_MS = 1000 / 30;
const PACKETS_PER_FRAME = 8;
const AUDIO_INTERVAL_MS = 20;
const KEYFRAME_EVERY = 30;

const [url = ''] = process.argv.slice(2);
const session = await KurentoSession.connect(url);
const pipeline = await session.create('MediaPipeline', {});
const receivers: RtcPeer[] = [];
let sender: RtcPeer | undefined;
let senderEndpoint = '';

process.on('message', (message) => {
  void handle(LoadCommand.parse(message)).then((answer) => process.send?.(answer));
});
process.on('disconnect', () => process.exit());
process.send?.({ sent: 0, received: 0, broken: 0 } satisfies LoadAnswer);

async function handle(command: LoadCommand): Promise<LoadAnswer> {
  switch (command.command) {
    case 'connect':
      await connect(command.receivers);
      return total(0);
    case 'send': {
      for (const receiver of receivers) receiver.resetCounts();
      const sent = await send(command.milliseconds);
      return total(sent);
    }
    case 'close':
      await session.release(pipeline);
      for (const peer of [sender, ...receivers]) peer?.close();
      session.close();
      return total(0);
  }
}

async function connect(count: number): Promise<void> {
  if (!sender) {
    senderEndpoint = await session.create('WebRtcEndpoint', { mediaPipeline: pipeline });
    sender = await RtcPeer.connect('sendonly', (offer) => session.negotiate(senderEndpoint, offer));
  }
  for (let index = 0; index < count; index++) {
    const endpoint = await session.create('WebRtcEndpoint', { mediaPipeline: pipeline });
    await session.invoke(senderEndpoint, 'connect', { sink: endpoint });
    receivers.push(await RtcPeer.connect('recvonly', (offer) => session.negotiate(endpoint, offer)));
  }
}

/** Sends frames in bursts and audio in between, by the clock, and waits until the last packets have arrived. */
function send(milliseconds: number): Promise<number> {
  const start = performance.now();
  let frames = 0;
  let audio = 0;
  return new Promise((resolve) => {
    const timer = setInterval(() => {
      const elapsed = performance.now() - start;
      for (; frames * FRAME_INTERVAL_MS < Math.min(elapsed, milliseconds); frames++) {
        sender?.sendFrame(PACKETS_PER_FRAME, frames % KEYFRAME_EVERY === 0);
      }
      for (; audio * AUDIO_INTERVAL_MS < Math.min(elapsed, milliseconds); audio++) sender?.sendAudio();
      if (elapsed < milliseconds + 200) return;
      clearInterval(timer);
      resolve(frames * PACKETS_PER_FRAME + audio);
    }, 2);
  });
}

function total(sent: number): LoadAnswer {
  return {
    sent,
    received: receivers.reduce((sum, { received }) => sum + received, 0),
    broken: receivers.reduce((sum, { broken }) => sum + broken, 0),
  };
}
