// FFmpeg as the other end of plain RTP: it sends a painted picture with a tone, or takes in what comes. Ended with its test.
import { spawn, type ChildProcess } from 'node:child_process';
import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { COLOURS, type Colour } from '../fake-media.ts';

/** For live pictures: nothing is looked ahead. */
const VIDEO_ENCODERS = {
  VP8: ['-c:v', 'libvpx', '-deadline', 'realtime'],
  H264: ['-c:v', 'libx264', '-profile:v', 'baseline', '-preset', 'ultrafast', '-tune', 'zerolatency'],
} as const;

export class Ffmpeg {
  /** Settles when the process is gone. @throws Error with what it printed, unless it ended by itself with success */
  readonly ended: Promise<void>;
  readonly #process: ChildProcess;
  #isEnded = false;

  private constructor(args: readonly string[]) {
    const child = spawn('ffmpeg', ['-hide_banner', '-nostdin', '-loglevel', 'warning', ...args], {
      stdio: ['ignore', 'ignore', 'pipe'],
    });
    const end = () => void child.kill('SIGKILL');
    process.once('exit', end);
    let printed = '';
    child.stderr.setEncoding('utf8').on('data', (text: string) => (printed += text));
    this.#process = child;
    this.ended = new Promise((resolve, reject) => {
      child.once('error', reject);
      child.once('close', (code) => {
        this.#isEnded = true;
        process.off('exit', end);
        if (code === 0) resolve();
        else reject(new Error(`ffmpeg ended with ${code}:\n${printed}`));
      });
    });
    // Who does not wait for its end does not care how it ended.
    this.ended.catch(() => undefined);
  }

  get isEnded(): boolean {
    return this.#isEnded;
  }

  /** Sends video with a key frame every second, and Opus, to two ports of 127.0.0.1, until it is ended. */
  static send(media: {
    readonly colour: Colour;
    readonly hz: number;
    readonly video: {
      readonly port: number;
      readonly payloadType: number;
      readonly codec?: keyof typeof VIDEO_ENCODERS;
    };
    readonly audio: { readonly port: number; readonly payloadType: number };
    /** Master key and salt for AES_CM_128_HMAC_SHA1_80, as base64; in the clear without. */
    readonly srtpKey?: string;
  }): Ffmpeg {
    const rgb = COLOURS[media.colour].map((part) => part.toString(16).padStart(2, '0')).join('');
    const picture =
      `color=c=0x${rgb}:s=320x180:r=15[flat];color=c=white:s=40x40:r=15[block];` +
      `[flat][block]overlay=x='mod(t*100,280)':y=120,format=yuv420p`;
    const to = ({ port, payloadType }: { port: number; payloadType: number }) => [
      ...['-payload_type', String(payloadType)],
      ...(media.srtpKey === undefined
        ? []
        : ['-srtp_out_suite', 'AES_CM_128_HMAC_SHA1_80', '-srtp_out_params', media.srtpKey]),
      ...['-f', 'rtp', `${media.srtpKey === undefined ? 'rtp' : 'srtp'}://127.0.0.1:${port}?pkt_size=1200`],
    ];
    return new Ffmpeg([
      ...['-re', '-f', 'lavfi', '-i', picture],
      ...['-re', '-f', 'lavfi', '-i', `sine=frequency=${media.hz}:sample_rate=48000`],
      ...['-map', '0:v', ...VIDEO_ENCODERS[media.video.codec ?? 'VP8'], '-g', '15', '-b:v', '500k'],
      ...to(media.video),
      ...['-map', '1:a', '-c:a', 'libopus', '-ac', '2', ...to(media.audio)],
    ]);
  }

  /** Takes in what an SDP file describes; ends when it has decoded so many frames of picture. */
  static receive(sdpFile: string, frames: number): Ffmpeg {
    return new Ffmpeg([
      ...['-protocol_whitelist', 'file,udp,rtp', '-i', sdpFile],
      ...['-map', '0:v', '-frames:v', String(frames), '-f', 'null', '-'],
    ]);
  }

  /** Ends it, if it has not ended. */
  async end(): Promise<void> {
    if (this.#isEnded) return;
    this.#process.kill('SIGKILL');
    await once(this.#process, 'close');
  }
}

/** A UDP port of 127.0.0.1 that nobody uses, and the next one neither: RTP on an even port, RTCP above (RFC 3550, 11). */
export async function freePortPair(): Promise<number> {
  for (;;) {
    const [first, second] = [createSocket('udp4'), createSocket('udp4')];
    try {
      first.bind(0, '127.0.0.1');
      await once(first, 'listening');
      const { port } = first.address();
      if (port % 2 === 1) continue;
      second.bind(port + 1, '127.0.0.1');
      await once(second, 'listening');
      return port;
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EADDRINUSE') throw error;
    } finally {
      first.close();
      second.close();
    }
  }
}
